from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.collect import repository
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.privacy.erase import erase
from pipeline.privacy.subject import Subject
from pipeline.records import SCHEMA, SET_ASIDE_SCHEMA, SetAside, to_batches
from pipeline.settings import LakeSettings, Settings
from pipeline.stage import Attempt, run_stage

from .world import ANSWER, SUBJECT, everything, row


def collection(lake: Lake, run: str) -> Manifest:
    """What the help desk gives, night after night: the subject is still in the source."""
    rows = [row("HELP-7", "Who helps with refunds?", ANSWER), row("HELP-8", "Where is the manual?", "On the shelf.")]
    aside = [
        SetAside("collect", "no answer", "help-desk", "HELP-9", question=f"Ask {SUBJECT}?"),
        SetAside("collect", "no answer", "help-desk", "HELP-10"),
    ]

    def work(attempt: Attempt) -> None:
        outputs: list[tuple[str, list[Any], pa.Schema]] = [
            ("rows", rows, SCHEMA),
            ("set_aside", aside, SET_ASIDE_SCHEMA),
        ]
        for name, items, schema in outputs:
            attempt.rows[name] = lake.write_batches(attempt.uri(name, "part-00000.parquet"), to_batches(items), schema)
        attempt.counts.rows_in, attempt.counts.rows_out = 4, 2
        attempt.set_aside({"no answer": 2})
        attempt.facts.update(source="help-desk", kind="jira", licence="CC0-1.0")

    return run_stage(lake, "collect-help-desk", work, run_id=run, packages=("records",), fresh=True)


@pytest.mark.parametrize("name", [SUBJECT, "HELP-7"])
def test_what_a_source_still_gives_stays_out_of_the_repository(lake: Lake, tmp_path: Path, name: str) -> None:
    settings = Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root))
    first = repository.run(settings, lake, run_id="n1", collected=[collection(lake, "n1")])
    assert first.counts.rows_out == 2
    erase(settings, lake, Subject.of([name]), actor="officer")
    again = collection(lake, "n2")
    second = repository.run(settings, lake, run_id="n2", collected=[again])
    assert second.uri != first.uri
    assert second.counts.rows_out == 1
    hidden = 2 if name == SUBJECT else 1
    assert second.counts.reasons == {"no answer": 3 - hidden, "erased on request": hidden}
    written = {uri: body for uri, body in everything(lake).items() if "/repository/" in uri}
    assert not [uri for uri, body in written.items() if name.encode() in body]
    table = lake.read_table(second.output("set_aside").uri).to_pylist()
    withheld = [item for item in table if item["reason"] == "erased on request"]
    assert all(item["question"] is None and item["provenance"] == "withheld" for item in withheld)


def test_an_erased_collection_still_balances(lake: Lake, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root))
    kept = collection(lake, "n1")
    erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    counts = load_manifest(lake, kept.uri).counts
    assert (counts.rows_in, counts.rows_out, counts.set_aside, counts.reasons) == (2, 1, 1, {"no answer": 1})
    second = repository.run(settings, lake, run_id="n2", collected=[load_manifest(lake, kept.uri)])
    assert (second.counts.rows_out, second.counts.set_aside) == (1, 1)
