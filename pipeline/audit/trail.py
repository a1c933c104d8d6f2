"""Reading the audit trail once, whole, and finding every place where it does not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pipeline.audit.keys import KeyRing
from pipeline.audit.records import GENESIS, Fault, Head, Record
from pipeline.errors import LakeError
from pipeline.lake import Lake

READERS = 8
_NAME = re.compile(r"^(\d{10})\.json$")


@dataclass(frozen=True, slots=True)
class Trail:
    """What was read: decide from these records, never from a second reading, which may show others."""

    records: tuple[Record, ...]
    faults: tuple[Fault, ...]
    signed: bool

    @property
    def head(self) -> Head:
        """Return the last record's number and hash."""
        last = self.records[-1] if self.records else None
        return Head(number=last.number, hash=last.hash) if last else Head(number=0, hash=GENESIS)

    def against(self, heads: Sequence[Head]) -> Trail:
        """Return it compared with heads that were kept elsewhere, from records of before it was read."""
        hashes = {0: GENESIS} | {record.number: record.hash for record in self.records}
        return replace(self, faults=(*self.faults, *_missing(hashes, heads)))

    def find(self, event: str, *, run_id: str | None = None, subject: str | None = None) -> list[Record]:
        """Return the records of an event, optionally of one run or about one subject, oldest first."""
        return [
            record
            for record in self.records
            if record.event == event
            and (run_id is None or record.run_id == run_id)
            and (subject is None or record.subject == subject)
        ]


def _missing(hashes: Mapping[int, str], heads: Sequence[Head]) -> list[Fault]:
    problem = "a head that was recorded elsewhere is not in the trail: the tail was cut or rewritten"
    return [Fault(number=head.number, problem=problem) for head in heads if hashes.get(head.number) != head.hash]


@dataclass
class _Reading:
    """The state of one pass over the records."""

    records: list[Record] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=lambda: {0: GENESIS})
    expected: int = 1

    def fault(self, number: int, problem: str) -> None:
        self.faults.append(Fault(number=number, problem=problem))

    def take(self, name: str, data: bytes | None) -> None:
        """Look at one object of the trail."""
        place = _NAME.match(name)
        if place is None:
            # A copy of a good record under a name of its own would be read as one more record, in another place.
            self.fault(0, f"{name[:60]} is no record: the pipeline gives no such name")
            return
        number = int(place[1])
        for missing in range(self.expected, min(number, self.expected + 100)):
            self.fault(missing, "the record is missing")
        self.expected = number + 1
        if data is None:
            self.fault(number, "the record is missing")
            return
        try:
            record = Record.model_validate_json(data)
        except ValueError:
            self.fault(number, "the record cannot be read")
            return
        self.records.append(record)
        self.hashes[number] = record.hash
        for problem in self._problems(number, record, data):
            self.fault(number, problem)

    def _problems(self, number: int, record: Record, data: bytes) -> list[str]:
        problems = []
        if record.number != number:
            problems.append(f"the record says that it is number {record.number}")
        if record.computed_hash() != record.hash:
            problems.append("the content does not match its hash: it was edited")
        elif data != record.to_bytes():
            problems.append("it is not written as the pipeline writes it: it was edited")
        if number - 1 in self.hashes and record.previous != self.hashes[number - 1]:
            problems.append("it does not follow the record before it")
        return problems

    def compare(self, heads: Sequence[Head]) -> None:
        """Look for heads that were kept elsewhere."""
        self.faults.extend(_missing(self.hashes, heads))


def read_trail(lake: Lake, keys: KeyRing | None, witnesses: Sequence[Head]) -> Trail:
    """Read every record and compare with the head and with `witnesses`; check the signatures with `keys`, if given."""
    # The head first: of records that are added while this reads, none is then named by the head and not in the list.
    stored = lake.read_tagged(lake.uri("audit", "head.json"))
    reading = _Reading()
    found = lake.objects(lake.uri("audit", "records"))
    folder = lake.uri("audit", "records") + "/"
    with ThreadPoolExecutor(READERS) as pool:
        for info, data in zip(found, pool.map(lambda info: _read(lake, info.uri), found), strict=True):
            reading.take(info.uri[len(folder) :], data)
    if keys is not None:
        reading.faults.extend(keys.faults(reading.records))
    if stored is None and len(reading.records) == 1:
        heads: list[Head] = []  # the writer of the very first record is not done, or died
    else:
        heads = _head(reading, stored)
    reading.compare([*heads, *witnesses])
    return Trail(tuple(reading.records), tuple(reading.faults), keys is not None)


def _read(lake: Lake, uri: str) -> bytes | None:
    try:
        return lake.read(uri)
    except LakeError:
        if lake.read_tagged(uri) is None:
            return None
        raise


def _head(reading: _Reading, stored: tuple[bytes, str] | None) -> list[Head]:
    if stored is None:
        if reading.records:
            reading.fault(0, "the head is missing")
        return []
    try:
        return [Head.model_validate_json(stored[0])]
    except ValueError:
        reading.fault(0, "the head cannot be read")
        return []
