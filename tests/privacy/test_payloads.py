"""What sources sent, searched in every packing, and said to be unsearched where that cannot be."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.audit import AuditLog
from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.privacy import payloads
from pipeline.privacy.erase import ErasureReport, erase
from pipeline.privacy.export import export
from pipeline.privacy.payloads import CHUNK, mentions
from pipeline.privacy.subject import Subject, folded
from pipeline.privacy.unpacking import Unsearchable
from pipeline.settings import LakeSettings, Settings

SUBJECT = Subject.of(["jane.roe@example.org", "Jänne Roe", "HELP-1"])
TABLE = b"".join(
    b'{"question":"Who?","answer":"Write to %s"}\n' % (b"jane.roe@example.org" if n == 299 else b"her")
    for n in range(300)
)


def packed(codec: str) -> Callable[[bytes], bytes]:
    def pack(body: bytes) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as stream:
            stream.write(body)
        return bytes(sink.getvalue())

    return pack


def parquet(**columns: list[object]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "t.jsonl": bytes,
    "t.jsonl.gz": gzip.compress,
    "t.jsonl.bz2": bz2.compress,
    "t.jsonl.zst": packed("zstd"),
    "t.jsonl.lz4": packed("lz4"),
}


def put(lake: Lake, name: str, body: bytes) -> str:
    return lake.write(lake.uri("raw", "table", "night-1", name), body)


def found(lake: Lake, name: str, body: bytes, limit: int = 1 << 30) -> bool:
    info = lake.stat(put(lake, name, body))
    assert info is not None
    return mentions(lake, info, SUBJECT, limit=limit)


def erased(lake: Lake, tmp_path: Path, **how: bool) -> ErasureReport:
    settings = Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root))
    return erase(settings, lake, SUBJECT, actor="officer", **how)


@pytest.mark.parametrize("name", PACKINGS)
def test_a_table_in_any_packing_that_collection_reads(lake: Lake, name: str) -> None:
    assert found(lake, name, PACKINGS[name](TABLE))
    assert not found(lake, name, PACKINGS[name](TABLE.replace(b"jane.", b"john.")))
    assert found(lake, "named-otherwise.csv", PACKINGS[name](TABLE))


BODIES = {
    "packed twice": gzip.compress(packed("zstd")(TABLE)),
    "packed in two parts": gzip.compress(b"nothing") + gzip.compress(TABLE),
    "a Zstandard frame without content first": b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + packed("zstd")(TABLE),
    "Parquet with bytes for text": parquet(answer=[b"to jane.roe@example.org"]),
    "packed Parquet": gzip.compress(parquet(answer=["to jane.roe@example.org"])),
    "UTF-16": "Dear Jänne\nRoe".encode("utf-16"),
    "UTF-16 the other way round": "Dear Jänne Roe, hello".encode("utf-16-be"),
    "UTF-32": "Dear Jänne Roe".encode("utf-32"),
    "Latin-1": "Dear Jänne Roe".encode("latin-1"),
    "escaped JSON": json.dumps({"to": "J\u00e4nne\nRoe"}).encode(),
    "at the edge of two pieces": b"y" * (CHUNK - 4) + b" HELP-1 " + b"z" * 100,
    "far behind": b"y" * (3 * CHUNK) + b" HELP-1",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_other_forms(lake: Lake, body: bytes) -> None:
    assert found(lake, "some.zst", body)


def test_a_name_with_a_quote_is_found_where_json_escapes_it(lake: Lake) -> None:
    uri = put(lake, "t.json", json.dumps({"by": 'Jane "JR" Roe'}).encode())
    assert list(payloads.readings(lake, uri, Subject.of(['Jane "JR" Roe'])))


@pytest.mark.parametrize("shift", range(9))
def test_a_longer_word_across_two_pieces_is_no_name(lake: Lake, shift: int) -> None:
    assert not found(lake, "t.txt", b"y" * (CHUNK - shift) + b" HELP-12 " + b"z" * 100)


CLOSED = {
    "encrypted": (b"Salted__" + os.urandom(99), "encrypted"),
    "xz": (lzma.compress(os.urandom(999)), "compressed with xz"),
    "a ZIP archive": (b"PK\x03\x04" + os.urandom(999), "a ZIP archive"),
    "noise": (os.urandom(5000), payloads.UNKNOWN),
    "noise in gzip": (gzip.compress(os.urandom(5000)), payloads.UNKNOWN),
    "cut off": (gzip.compress(os.urandom(5000))[:-9], "its compression is damaged"),
    "with something behind": (bz2.compress(b"hello") + os.urandom(9), "its compression is damaged"),
    "damaged Parquet": (parquet(a=["b"])[:-9], "a damaged or encrypted Parquet file"),
    "a bomb": (gzip.compress(bytes(2 << 20)), "it unpacks to more than 1048576 bytes"),
    "a bomb of Parquet": (packed("zstd")(parquet(a=["b" * 99] * 20_000)), "it unpacks to more than 1048576 bytes"),
    "packed too often": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"a")))), "packed more than 3 times"),
}


@pytest.mark.parametrize(("body", "reason"), CLOSED.values(), ids=list(CLOSED))
def test_what_cannot_be_searched_is_never_taken_for_clean(lake: Lake, body: bytes, reason: str) -> None:
    with pytest.raises(Unsearchable, match=re.escape(reason)):
        found(lake, "t.bin", body, limit=1 << 20)


def test_text_without_the_subject_is_clean(lake: Lake) -> None:
    for body in (b"", b"hello", "これは".encode("shift_jis"), "Привет".encode("utf-16"), b"a\0b" * 99, TABLE[:99]):
        assert not found(lake, "t.txt", body)


def test_a_store_that_fails_is_not_taken_for_damage(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __enter__(self) -> Failing:
            return self

        def __exit__(self, *_: object) -> None: ...

        def read(self, size: int | None = None) -> bytes:
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls > 1:
                raise OSError("AWS Error NETWORK_CONNECTION during GetObject operation")
            return gzip.compress(os.urandom(99))[:50]

    class Store:
        def open_input_stream(self, path: str, compression: str | None) -> Failing:
            assert compression is None
            return Failing()

    monkeypatch.setattr(Lake, "arrow", lambda self, uri: (Store(), uri))
    with pytest.raises(LakeError, match="did not answer"):
        list(payloads.readings(lake, lake.uri("raw/t.gz"), SUBJECT))


def test_erasure_takes_every_packing_and_names_what_it_could_not_search(lake: Lake, tmp_path: Path) -> None:
    for name, pack in PACKINGS.items():
        put(lake, name, pack(TABLE))
    secret = put(lake, "secret.bin", CLOSED["encrypted"][0])
    broken = put(lake, "broken.parquet", CLOSED["damaged Parquet"][0])
    other = put(lake, "other.csv", b"question,answer\n")
    report = erased(lake, tmp_path)
    assert report.files_deleted == len(PACKINGS)
    assert report.remaining == [
        f"{broken} (not searched: a damaged or encrypted Parquet file)",
        f"{secret} (not searched: encrypted)",
    ]
    left = [info.uri for info in lake.objects(lake.uri("raw"))]
    assert left == sorted([secret, broken, other])


def test_what_could_not_be_searched_is_deleted_by_decision(lake: Lake, tmp_path: Path) -> None:
    secret = put(lake, "secret.bin", CLOSED["encrypted"][0])
    other = put(lake, "other.csv", b"question,answer\n")
    dry = erased(lake, tmp_path, dry_run=True, delete_unsearched=True)
    assert (dry.deleted_unsearched, dry.remaining) == ([secret], [])
    assert lake.exists(secret)
    report = erased(lake, tmp_path, delete_unsearched=True)
    assert (report.deleted_unsearched, report.remaining) == ([secret], [])
    assert [info.uri for info in lake.objects(lake.uri("raw"))] == [other]
    assert AuditLog(lake).find("subject_erased")[-1].data["deleted_unsearched"] == [secret]


def test_an_export_shows_what_is_packed_and_what_nobody_can_read(lake: Lake, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root))
    put(lake, "t.jsonl.zst", packed("zstd")(TABLE))
    put(lake, "u.bin", CLOSED["encrypted"][0])
    document = export(settings, lake, SUBJECT, tmp_path / "out.json", actor="officer")
    shown, closed = document["mentions"]
    assert "Write to jane.roe@example.org" in shown["excerpts"][0]
    assert closed["excerpts"] == ["(not searched: encrypted)"]


def test_letters_that_are_the_same_without_case_fold_to_the_same() -> None:
    """The quick look before the pattern must see every text in which the pattern would match."""
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        if letter.isalpha() and (letter.lower() != letter or letter.upper() != letter):
            others = [one for one in {letter.lower(), letter.upper(), "i", "s", "k"} if len(one) == 1]
            for other in others:
                if re.fullmatch(re.escape(letter), other, re.IGNORECASE):
                    assert folded(letter) == folded(other), (letter, other)
