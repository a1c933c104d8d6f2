"""Finding everything of a subject: its rows in every dataset, and whatever else names it or quotes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.lake import Lake, ObjectInfo
from pipeline.privacy import rows
from pipeline.privacy.inventory import Inventory, Kind, files_of
from pipeline.privacy.manifests import described
from pipeline.privacy.payloads import mentions
from pipeline.privacy.subject import Subject
from pipeline.privacy.texts import Eraser
from pipeline.privacy.unpacking import Unsearchable

LARGEST_CHECKED = 64 << 20
"""Files of models above this many bytes (weights) are not searched for names."""


@dataclass
class Found:
    """Where a subject is: `rows` counts by file; `texts` and `raw` are objects that hold it in another form.

    `unsearched` are payloads of sources that may hold it, with the reason why nobody can tell.
    """

    traces: rows.Traces = field(default_factory=rows.Traces)
    rows: dict[str, int] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    untouchable: list[str] = field(default_factory=list)
    unsearched: dict[str, str] = field(default_factory=dict)

    @property
    def remaining(self) -> list[str]:
        """Return what an erasure cannot take out: objects, with the reason where it is another than what they are."""
        return sorted([*self.untouchable, *(f"{uri} (not searched: {why})" for uri, why in self.unsearched.items())])

    @property
    def nothing(self) -> bool:
        """Tell whether the subject is not in the lake at all."""
        return not (self.rows or self.lists or self.texts or self.manifests or self.raw or self.untouchable)


def search(lake: Lake, inventory: Inventory, subject: Subject) -> Found:
    """Search the whole lake. Rows are found by name first, then by id: later stages masked the names."""
    found = Found()
    files = inventory.of(Kind.ROWS)
    for info in files:
        found.traces.add(rows.matching(lake, info.uri, subject, ()))
    for info in files:
        table = rows.matching(lake, info.uri, subject, found.traces.ids)
        found.traces.add(table)
        if table.num_rows:
            found.rows[info.uri] = table.num_rows
        elif rows.holds(lake, info.uri, subject, found.traces.ids):
            found.lists.add(info.uri)
    eraser = Eraser.of(subject, found.traces.ids, found.traces.passages)
    for info in inventory.of(Kind.TEXT):
        body = lake.read(info.uri)
        if eraser.erased(info.uri, body) != body:
            found.texts.append(info.uri)
    found.manifests = [uri for uri, manifest in inventory.manifests.items() if described(manifest, eraser) != manifest]
    found.raw = [info.uri for info in inventory.of(Kind.RAW) if _look(lake, info, subject, found)]
    checked = [
        *inventory.of(Kind.AUDIT, Kind.OTHER),
        *(i for i in inventory.of(Kind.MODEL) if i.size <= LARGEST_CHECKED),
    ]
    found.untouchable = sorted(info.uri for info in checked if _look(lake, info, subject, Found()))
    return found


def manifests_with_rows(inventory: Inventory, found: Found) -> list[str]:
    """Return the URIs of the manifests in whose datasets the subject's rows are."""
    return [
        uri for uri, manifest in inventory.manifests.items() if not found.rows.keys().isdisjoint(files_of(manifest))
    ]


def _look(lake: Lake, info: ObjectInfo, subject: Subject, found: Found) -> bool:
    """Tell whether an object names the subject; one that cannot be searched is noted in `found` with the reason."""
    try:
        return mentions(lake, info, subject)
    except Unsearchable as problem:
        found.unsearched[info.uri] = str(problem)
        return False
