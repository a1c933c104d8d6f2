from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.features import reuse
from pipeline.features.tokenise import RowTokeniser
from pipeline.spark import parts

from .conftest import Place
from .examples import START
from .test_stage import contents, place_of

pytestmark = pytest.mark.usefixtures("quick")
ANSWER = "The settings file lies in the project folder."
LONG = "Passwords are stored as salted hashes. " * 10 + ANSWER + " Passwords are stored. " * 10


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of which some have further windows, some have no context, and some do not fit."""
    made: list[dict[str, Any]] = []
    for number in range(count):
        row: dict[str, Any] = {"question_id": f"q{number:04d}", "answer": f"In folder number {number}."}
        row |= {"cluster_id": "c", "provenance": "p", "content_hash": f"h{number}", "updated_at": START}
        if number % 5 == 0:
            row |= {"context": LONG, "answer": ANSWER}
        if number % 11 == 3:
            row["question"] = "why " * 500
        made.append(row)
    return made


@pytest.fixture
def tokenised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that went through the tokenizer."""
    seen: list[str] = []
    real = RowTokeniser.tokenise

    def watched(self: RowTokeniser, batch: pa.RecordBatch) -> Any:
        seen.extend(batch["question_id"].to_pylist())
        return real(self, batch)

    monkeypatch.setattr(RowTokeniser, "tokenise", watched)
    return seen


@pytest.fixture
def windowed(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place with sliding windows, small batches and small row groups, so that their borders matter."""
    chosen = place.settings.features
    chosen.max_length, chosen.window, chosen.stride = 512, 48, 24
    monkeypatch.setattr(reuse, "BATCH", 7)
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", 20_000)
    monkeypatch.setattr("pipeline.features.distributed.BATCH", 16)
    return place


def test_only_new_and_changed_rows_are_tokenised_and_the_result_is_as_from_scratch(
    windowed: Place, causal_folder: Path, tokenised: list[str]
) -> None:
    first = windowed.features(causal_folder, *rows(120))
    assert (first.facts["carried"], len(tokenised)) == (0, 120)
    changed = rows(121)
    changed[7]["answer"] = "In another folder."
    changed[40]["context"] = LONG + " And more."
    changed[60]["split"] = "test"
    del changed[20]
    tokenised.clear()
    second = windowed.features(causal_folder, *changed)
    aside = {f"q{number:04d}" for number in range(121) if number % 11 == 3}
    # at most one row moves from one half to the other, whose part is not looked at
    assert {"q0007", "q0040", "q0060", "q0120", *aside} <= set(tokenised)
    assert len(tokenised) <= len(aside) + 5
    assert second.facts["carried"] == 120 - len(tokenised)
    alone = place_of(windowed)
    scratch = alone.features(causal_folder, *changed)
    assert scratch.facts["carried"] == 0
    assert contents(windowed, second) == contents(alone, scratch)
    assert second.counts == scratch.counts
    assert {**second.facts, "carried": 0} == scratch.facts
    assert second.facts["windows"] > 0


def test_a_row_with_another_time_only_keeps_its_tokens_and_gets_the_time(
    windowed: Place, causal_folder: Path, tokenised: list[str]
) -> None:
    windowed.features(causal_folder, *rows(20))
    tokenised.clear()
    later = START.replace(year=2025)
    second = windowed.features(causal_folder, *({**row, "updated_at": later} for row in rows(20)))
    assert set(tokenised) == {"q0003", "q0014"}  # do not fit, and are judged again
    for name in ("token_features", "token_windows"):
        table = windowed.lake.read_table(second.output(name).uri)
        assert set(table["event_timestamp"].to_pylist()) == {later}


@pytest.mark.parametrize("name", ["qa_features", "token_features", "token_windows"])
def test_parts_that_were_changed_are_not_taken_over(
    windowed: Place, causal_folder: Path, tokenised: list[str], name: str
) -> None:
    first = windowed.features(causal_folder, *rows(40))
    output = first.output(name)
    for file in output.files:
        uri = f"{output.uri}/{file.path}"
        windowed.lake.write(uri, windowed.lake.read(uri)[:-1] + b"x")
    changed = rows(40)
    changed[1]["answer"] = "In another folder."
    tokenised.clear()
    second = windowed.features(causal_folder, *changed)
    alone = place_of(windowed)
    assert contents(windowed, second) == contents(alone, alone.features(causal_folder, *changed))


def test_another_limit_tokenizer_or_code_takes_nothing_over(
    place: Place, causal_folder: Path, seq2seq_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.features(causal_folder, *rows(20))
    assert place.features(seq2seq_folder, *rows(20)).facts["carried"] == 0
    place.features(causal_folder, *rows(20))
    place.settings.features.max_length = 200
    assert place.features(causal_folder, *rows(21)).facts["carried"] == 0
    assert place.features(causal_folder, *rows(22)).facts["carried"] > 15
    monkeypatch.setattr("pipeline.features.stage.code_version", lambda *_: "other")
    assert place.features(causal_folder, *rows(23)).facts["carried"] == 0


def test_a_manifest_that_is_gone_is_no_obstacle(place: Place, causal_folder: Path) -> None:
    first = place.features(causal_folder, *rows(20))
    place.lake.delete([first.uri])
    assert place.features(causal_folder, *rows(21)).facts["carried"] == 0
