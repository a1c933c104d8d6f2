from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.errors import LakeError, PipelineError
from pipeline.features import catalogue, retrieval, store
from pipeline.features.schema import TOKENS
from pipeline.manifest import Manifest

from .conftest import Place
from .examples import START

pytestmark = pytest.mark.usefixtures("quick")
COLUMNS = ["question_id", "token_ids", "attention_mask", "labels"]


def rows(count: int, **values: Any) -> list[dict[str, Any]]:
    splits = ["train", "train", "train", "validation", "test"]
    return [
        {
            "split": splits[n % 5],
            "answer": f"In folder number {n}.",
            "context": None if n % 7 == 0 else f"See {n}.",
            **values,
        }
        for n in range(count)
    ]


def direct(place: Place, manifest: Manifest, split: str) -> pa.Table:
    table = place.lake.read_table(manifest.output("token_features").uri, filter=pc.field("split") == split)
    return table.sort_by("question_id").select(COLUMNS)


def retrieved(place: Place, manifest: Manifest, split: str, **how: Any) -> pa.Table:
    return pa.Table.from_batches(
        retrieval.training_batches(place.settings, place.lake, manifest, split, COLUMNS, **how)
    )


def test_feast_gives_what_the_files_hold(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(100))
    for split, count in (("train", 60), ("validation", 20), ("test", 20)):
        table = retrieved(place, manifest, split)
        assert table.num_rows == count == manifest.facts["splits"][split]
        assert table.equals(direct(place, manifest, split).cast(table.schema))


@pytest.mark.parametrize("odd", ["0001-01-01", "1900-01-01", "9999-12-31"])
def test_a_row_of_an_odd_date_hides_neither_itself_nor_others(place: Place, causal_folder: Path, odd: str) -> None:
    manifest = place.features(causal_folder, *rows(10), {"updated_at": datetime.fromisoformat(odd).replace(tzinfo=UTC)})
    table = retrieved(place, manifest, "train")
    assert table.num_rows == 7
    assert table.equals(direct(place, manifest, "train").cast(table.schema))
    online = retrieval.online_features(place.settings, ["q0000", "q0010"])
    assert [row["found"] for row in online] == [True, True]


def test_all_questions_are_those_of_every_split_whether_they_fit_or_not(place: Place, causal_folder: Path) -> None:
    place.settings.features.max_length = 128
    long = {"question_id": "q-long", "question": "Where is it? " * 200, "split": "test"}
    manifest = place.features(causal_folder, *rows(20), long)
    assert manifest.counts.set_aside == 1
    columns = ["question_id", "split"]
    found = pa.Table.from_batches(retrieval.question_batches(place.settings, place.lake, manifest, columns))
    assert found.column_names == columns
    assert sorted(found["question_id"].to_pylist()) == sorted([*(f"q{number:04d}" for number in range(20)), "q-long"])


def test_retrieval_streams_in_chunks(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(100))
    batches = list(retrieval.training_batches(place.settings, place.lake, manifest, "train", COLUMNS, chunk=8))
    # two parts with 30 rows each: no chunk has rows of both, which would read row groups of both twice
    assert [batch.num_rows for batch in batches] == [8, 8, 8, 6] * 2
    assert pa.Table.from_batches(batches).equals(retrieved(place, manifest, "train").cast(batches[0].schema))


def test_small_row_groups_are_retrieved_together(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(100))
    for chunk, sizes in ((60, [60]), (59, [30, 30]), (40, [30, 30])):
        batches = retrieval.training_batches(place.settings, place.lake, manifest, "train", COLUMNS, chunk=chunk)
        assert [batch.num_rows for batch in batches] == sizes


def test_long_rows_are_retrieved_in_smaller_chunks(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(100))
    long = manifest.model_copy(update={"facts": {**manifest.facts, "tokens": 4_000_000 * 10}})
    batches = list(retrieval.training_batches(place.settings, place.lake, long, "train", COLUMNS))
    assert max(batch.num_rows for batch in batches) == 10
    assert sum(batch.num_rows for batch in batches) == 60


def test_what_a_manifest_gives_never_changes(place: Place, causal_folder: Path) -> None:
    first = place.features(causal_folder, *rows(20))
    before = retrieved(place, first, "train")
    second = place.features(causal_folder, *rows(20, answer="All is different now."))
    assert retrieved(place, first, "train").equals(before)
    assert not retrieved(place, second, "train").equals(before)


def test_registries_at_one_address_in_memory_are_told_apart(
    place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feast.infra.registry import proto_registry_utils

    monkeypatch.setattr(proto_registry_utils, "id", lambda _: 1, raising=False)  # as of one that follows a freed one
    first = place.features(causal_folder, *rows(20))
    second = place.features(causal_folder, *rows(20, answer="All is different now."))
    for manifest in (first, second, first):
        assert retrieved(place, manifest, "train").to_pydict() == direct(place, manifest, "train").to_pydict()


def test_two_models_live_side_by_side(place: Place, causal_folder: Path, seq2seq_folder: Path) -> None:
    small = place.features(causal_folder, *rows(20), name="acme/Small")
    texts = place.features(seq2seq_folder, *rows(20), name="acme/T5", architecture="seq2seq")
    assert small.facts["views"]["tokens"] == "token_features_acme_small_chat_1"
    assert texts.facts["views"]["tokens"] == "token_features_acme_t5_text_to_text_1"
    shared = store.open_shared(place.settings, place.lake)
    assert {view.name for view in shared.list_feature_views()} == {
        "qa_features",
        "token_features_acme_small_chat_1",
        "token_features_acme_t5_text_to_text_1",
    }
    assert retrieved(place, small, "train")["labels"][0].as_py()[0] == -100
    assert retrieved(place, texts, "train")["labels"][0].as_py()[0] != -100
    assert {reference.manifest for reference in catalogue.published(place.lake)} == {small.uri, texts.uri}


def test_models_of_one_name_by_two_owners_live_side_by_side(place: Place, causal_folder: Path) -> None:
    made = [place.features(causal_folder, *rows(20), name=name) for name in ("acme/Small", "other/Small", "./my/Small")]
    assert len({manifest.facts["views"]["tokens"] for manifest in made}) == 3
    for manifest in made:
        view = store.open_shared(place.settings, place.lake).get_feature_view(manifest.facts["views"]["tokens"])
        assert view.tags["base_model"] == manifest.facts["base_model"]


def test_two_runs_at_once_do_not_lose_each_other(place: Place, causal_folder: Path, seq2seq_folder: Path) -> None:
    from transformers import AutoTokenizer  # its first import is not safe in two threads at once; runs are processes

    assert AutoTokenizer
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(place.features, causal_folder, *rows(20), name="acme/Small")
        two = pool.submit(place.features, seq2seq_folder, *rows(20), name="acme/T5", architecture="seq2seq")
        made = [one.result(), two.result()]
    known = {view.name for view in store.open_shared(place.settings, place.lake).list_feature_views()}
    assert known == {"qa_features", *(manifest.facts["views"]["tokens"] for manifest in made)}
    for manifest in made:
        assert retrieved(place, manifest, "train").num_rows == 12
        view = manifest.facts["views"]["tokens"]
        assert retrieval.online_features(place.settings, ["q0003"], view)[0]["found"]


def test_a_registry_in_a_database(place: Place, causal_folder: Path, tmp_path: Path) -> None:
    place.settings.features.registry = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    manifest = place.features(causal_folder, *rows(10))
    assert (tmp_path / "registry.sqlite").stat().st_size > 0
    assert retrieved(place, manifest, "train").num_rows == 6
    assert retrieval.online_features(place.settings, ["q0001"])[0]["answer"] == "In folder number 1."


def test_only_what_was_true_then(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(30))
    table = retrieved(place, manifest, "train", as_of=START + timedelta(days=10, hours=1))
    assert table["question_id"].to_pylist() == [f"q{n:04d}" for n in range(11) if n % 5 < 3]


def test_a_time_without_zone_is_refused(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(5))
    with pytest.raises(PipelineError, match="needs a zone"):
        retrieved(place, manifest, "train", as_of=datetime(2024, 3, 2))


def test_all_token_columns_can_be_asked_for(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(10))
    names = [name for name in TOKENS.names if name not in ("event_timestamp", "created_timestamp", "window")]
    batch = next(retrieval.training_batches(place.settings, place.lake, manifest, "train", names))
    assert batch.schema.names == names
    assert batch["licence"].to_pylist() == ["Apache-2.0"] * 6


@pytest.mark.parametrize(("split", "columns"), [("training", COLUMNS), ("train", ["question_id", "answer"])])
def test_unknown_splits_and_columns_are_named(
    place: Place, causal_folder: Path, split: str, columns: list[str]
) -> None:
    manifest = place.features(causal_folder, *rows(5))
    with pytest.raises(PipelineError, match="token_features_acme_tiny"):
        list(retrieval.training_batches(place.settings, place.lake, manifest, split, columns))


def test_sliding_windows_come_after_the_rows(place: Place, causal_folder: Path) -> None:
    place.settings.features.window, place.settings.features.stride = 48, 24
    place.settings.features.max_length = 512
    answer = "The settings file lies in the project folder."
    context = "Passwords are stored as salted hashes. " * 10 + answer + " Passwords are stored. " * 10
    manifest = place.features(causal_folder, *rows(6, context=context, answer=answer))
    table = retrieved(place, manifest, "train")
    assert table["question_id"].to_pylist()[:4] == ["q0000", "q0001", "q0002", "q0005"]
    written = place.lake.read_table(manifest.output("token_windows").uri).to_pylist()
    assert len(written) == manifest.facts["windows"]
    of_train = [row["question_id"] for row in written if row["split"] == "train"]
    assert of_train
    assert sorted(of_train) == sorted(table["question_id"].to_pylist()[4:])


def test_texts_for_evaluation_come_back_as_prepared(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(20), {"split": "test", "question": "why " * 400})
    found = list(retrieval.qa_rows(place.settings, place.lake, manifest, "test"))
    assert [row["question_id"] for row in found] == ["q0004", "q0009", "q0014", "q0019", "q0020"]
    assert found[0]["context"] == "See 4."
    assert found[2]["context"] is None
    assert found[0]["is_refusal"] is False
    assert found[4]["question"] == "why " * 400  # its tokens did not fit, its text is asked all the same
    assert manifest.counts.reasons == {"question_and_answer_too_long": 1}


def test_a_registry_that_was_changed_is_refused(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(5))
    uri = f"{manifest.output('registry').uri}/{store.SNAPSHOT}"
    place.lake.write(uri, place.lake.read(uri) + b"\x00")
    with pytest.raises(LakeError, match="not the one that was written"):
        retrieved(place, manifest, "train")


def test_history_on_a_real_object_store(s3_place: Place, causal_folder: Path) -> None:
    manifest = s3_place.features(causal_folder, *rows(600))
    table = retrieved(s3_place, manifest, "train")
    assert table.num_rows == 360
    assert table.equals(direct(s3_place, manifest, "train").cast(table.schema))
    found = retrieval.online_features(s3_place.settings, ["q0003"])
    assert found[0]["answer"] == "In folder number 3."


def test_entities_that_are_none_strange_or_finer_than_microseconds(place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, *rows(3))
    pinned = store.open_pinned(place.settings, place.lake, manifest)
    length = f"{manifest.facts['views']['tokens']}:length"

    def lengths(ids: list[Any], moment: pd.Timestamp) -> list[Any]:
        frame = pd.DataFrame({"question_id": ids, "event_timestamp": pd.Series([moment] * len(ids))})
        frame["event_timestamp"] = pd.to_datetime(frame["event_timestamp"], utc=True)
        found: list[Any] = pinned.get_historical_features(frame, [length]).to_arrow()["length"].to_pylist()
        return found

    now = pd.Timestamp("2030-01-01T00:00:00.000000001Z")
    known = lengths(["q0000", "q0001"], now)
    assert None not in known
    assert lengths(["q0001", "nobody", None, "q0000", "q0001"], now) == [known[1], None, None, known[0], known[1]]
    assert lengths([], now) == []
    assert lengths([7], now) == [None]
    assert lengths(["q0001"], pd.Timestamp("2024-01-01T00:00:00Z")) == [None]
