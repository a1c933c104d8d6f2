"""What earlier work left in the lake is built on only when somebody vouches for it, and only as it was written."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.features import reuse as tokens
from pipeline.lake import Lake
from pipeline.manifest import Manifest, digest_of
from pipeline.prepare import reuse as rows
from pipeline.stage import Attempt, run_stage
from pipeline.witness import believed, witness_of, witnessed

IDENTITY = "made in one way"
WAY = {"code": "c"}


class Account:
    """A witness that writes digests down."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def saw(self, manifest: Manifest) -> None:
        self.seen.append(manifest.digest)

    def knows(self, manifest: Manifest) -> bool:
        return manifest.digest in self.seen


def make(lake: Lake, stage: str, output: str, text: str, **facts: Any) -> Manifest:
    def work(attempt: Attempt) -> None:
        attempt.lake.write(attempt.uri(output, "part-00000.parquet"), text.encode())
        attempt.facts.update(facts)

    return run_stage(lake, stage, work, run_id="r", parameters={"text": text}, packages=("errors",))


def cleaned(lake: Lake, text: str) -> Manifest:
    return make(lake, "prepare", "cleaned", text, cleaning=IDENTITY)


@pytest.fixture
def account(lake: Lake) -> Account:
    """Who sees what is made from now on."""
    made = Account()
    witnessed(lake, made)
    return made


def test_without_a_witness_there_is_only_the_lake(lake: Lake) -> None:
    assert witness_of(lake) is None
    assert believed(lake, cleaned(lake, "by hand"))


def test_a_witness_sees_what_is_made_before_it_can_be_found(lake: Lake, account: Account) -> None:
    looked: list[bool] = []

    class Watcher(Account):
        def saw(self, manifest: Manifest) -> None:
            super().saw(manifest)
            looked.append(lake.exists(manifest.uri))

    witnessed(lake, Watcher())
    made = cleaned(lake, "rows")
    assert looked == [False]
    assert lake.exists(made.uri)
    assert believed(lake, made)


def test_cleaned_rows_that_nobody_saw_being_made_are_passed_over(lake: Lake) -> None:
    planted = cleaned(lake, "unmasked")
    assert rows.earlier_run(lake, "prepare", IDENTITY) == planted
    witnessed(lake, account := Account())
    assert rows.earlier_run(lake, "prepare", IDENTITY) is None
    own = cleaned(lake, "masked")
    assert account.seen == [own.digest]
    later = planted.model_copy(update={"started_at": own.started_at.replace(year=2099)})
    lake.write(planted.uri, later.model_dump_json().encode())
    found = rows.earlier_run(lake, "prepare", IDENTITY)
    assert found is not None
    assert found.uri == own.uri


def test_cleaned_rows_that_were_changed_since_are_passed_over(lake: Lake, account: Account) -> None:
    first, second = cleaned(lake, "one"), cleaned(lake, "two")
    lake.write(f"{second.output('cleaned').uri}/part-00000.parquet", b"two, and poison")
    found = rows.earlier_run(lake, "prepare", IDENTITY)
    assert found is not None
    assert found.uri == first.uri


def test_tokens_that_nobody_saw_being_made_are_not_taken_over(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = make(lake, "features", "token_features", "t", way=digest_of(WAY))

    class Served:
        manifest = planted.uri

    monkeypatch.setattr(tokens.catalogue, "find", lambda lake, view: Served())
    assert tokens.earlier_run(lake, "view", WAY) is not None
    witnessed(lake, Account())
    assert tokens.earlier_run(lake, "view", WAY) is None
