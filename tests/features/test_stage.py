from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import LakeError, PipelineError, QualityError, Refused
from pipeline.features import retrieval, stage
from pipeline.features.distributed import parts_for
from pipeline.features.schema import QA, TOKENS
from pipeline.manifest import Manifest

from .conftest import Place
from .examples import base_model, prepare, prepared, without_spark

ROWS: list[dict[str, Any]] = [
    {"answer": f"In folder number {n}.", "split": ["train", "train", "validation", "test"][n % 4], "licence": licence}
    for n, licence in enumerate(["Apache-2.0", "PSF-2.0", "MIT OR Zlib"] * 100)
]


def contents(place: Place, manifest: Manifest) -> dict[str, str]:
    return {name: output.digest for name, output in manifest.outputs.items()}


@pytest.mark.spark
def test_spark_makes_the_features_of_every_row_on_s3(
    spark: object, s3_place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_long = {"question": "why " * 300, "question_id": "long"}
    made = s3_place.features(causal_folder, *ROWS, too_long)
    assert made.counts.rows_in == 301
    assert made.counts.rows_out == 300
    assert made.counts.reasons == {"question_and_answer_too_long": 1}
    assert made.facts["splits"] == {"test": 75, "train": 150, "validation": 75}
    assert made.facts["licence"] == "Apache-2.0 AND (MIT OR Zlib) AND PSF-2.0"
    assert made.facts["views"] == {"qa": "qa_features", "tokens": "token_features_acme_tiny_chat_1"}
    assert made.facts["lengths"]["max"] <= s3_place.settings.features.max_length
    names = [file.path for file in made.output("token_features").files]
    assert names == ["part-00000.parquet", "part-00001.parquet"]
    tokens = s3_place.lake.read_table(made.output("token_features").uri)
    assert tokens.schema.remove_metadata() == TOKENS
    assert sorted(tokens["question_id"].to_pylist()) == [f"q{n:04d}" for n in range(300)]
    assert s3_place.lake.read_table(made.output("qa_features").uri).schema.remove_metadata() == QA
    aside = s3_place.lake.read_table(made.output("set_aside").uri).to_pylist()
    assert [(row["question_id"], row["stage"]) for row in aside] == [("long", "features")]
    # the same again, elsewhere: every byte is equal, so later stages find nothing changed
    elsewhere = place_of(s3_place)
    again = elsewhere.features(causal_folder, *ROWS, too_long)
    assert again.uri != made.uri
    assert contents(elsewhere, again) == contents(s3_place, made)
    # and what Spark spread over partitions is what one process makes
    monkeypatch.setattr(stage, "_tokenise", without_spark)
    alone = place_of(s3_place)
    single = alone.lake.read_table(alone.features(causal_folder, *ROWS, too_long).output("token_features").uri)
    assert single.sort_by("question_id").equals(tokens.sort_by("question_id"))
    assert len(list(retrieval.qa_rows(s3_place.settings, s3_place.lake, made, "test"))) == 75


def place_of(other: Place) -> Place:
    """A second lake beside the first, with a state folder of its own."""
    from pipeline.lake import open_lake

    number = len(list(other.settings.state_dir.parent.iterdir()))
    lake = other.settings.lake.model_copy(update={"uri": f"{other.settings.lake.uri}-{number}"})
    state = other.settings.state_dir.with_name(f"state-{number}")
    state.mkdir()
    return Place(other.settings.model_copy(update={"lake": lake, "state_dir": state}), open_lake(lake))


def test_the_number_of_parts_follows_from_the_data_alone() -> None:
    assert [parts_for(rows) for rows in (0, 1, 256, 257, 600, 100_000, 1_000_000)] == [1, 1, 1, 2, 3, 8, 50]


def test_nothing_set_aside_leaves_an_empty_dataset(quick: None, place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, {}, {})
    assert place.lake.read_table(manifest.output("set_aside").uri).num_rows == 0
    assert manifest.output("set_aside").rows == 0
    assert manifest.output("token_features").rows == 2


def test_when_no_row_fits_the_run_stops_and_nothing_is_served(quick: None, place: Place, causal_folder: Path) -> None:
    with pytest.raises(QualityError, match="No row fits the base model"):
        place.features(causal_folder, {"question": "why " * 500})
    assert not place.lake.objects(place.lake.uri("features"))
    assert not place.lake.objects(place.lake.uri("feature_store"))


def test_many_rows_set_aside_are_a_warning(quick: None, place: Place, causal_folder: Path) -> None:
    manifest = place.features(causal_folder, {}, {"question": "why " * 500}, {})
    assert manifest.warnings == ["1 of 3 rows do not fit the model: {'question_and_answer_too_long': 1}"]


def test_another_limit_is_another_result(quick: None, place: Place, causal_folder: Path) -> None:
    first = place.features(causal_folder, {})
    place.settings.features.max_length = 128
    assert place.features(causal_folder, {}).key != first.key


def test_a_base_model_without_fast_tokenizer_is_refused(quick: None, place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(PipelineError, match="no fast tokenizer"):
        place.features(folder, {})


@pytest.mark.parametrize("architecture", ["encoder", ""])
def test_an_unknown_architecture_is_refused(quick: None, place: Place, causal_folder: Path, architecture: str) -> None:
    with pytest.raises(PipelineError, match=r"set model\.architecture"):
        place.features(causal_folder, {}, architecture=architecture)


def test_only_the_tokenizer_is_fetched_of_the_base_model(
    quick: None, place: Place, causal_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in causal_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "model.safetensors").write_bytes(b"\0" * 1000)
    place.features(folder, {})
    fetched = {path.name for path in (place.settings.state_dir / "tokenizers").rglob("*") if path.is_file()}
    assert fetched == {"tokenizer.json", "tokenizer_config.json"}


def test_registration_that_failed_is_made_good_by_the_next_run(
    quick: None, place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise PipelineError("the online store is away")

    with monkeypatch.context() as patch:
        patch.setattr(stage.registration, "_register", broken)
        with pytest.raises(PipelineError, match="is away"):
            place.features(causal_folder, {})
    assert not (place.settings.state_dir / "feast" / "served.json").exists()
    manifest = place.features(causal_folder, {})
    assert manifest.cached
    assert retrieval.online_features(place.settings, ["q0000"])[0]["found"]


def test_rows_reach_the_stage_as_manifests_only(quick: None, place: Place, causal_folder: Path) -> None:
    base = base_model(place.lake, causal_folder, "causal", "acme/Tiny")
    rows = prepare(place.lake, prepared({}))
    manifest = stage.run(place.settings, place.lake, run_id="r", prepared=rows, base=base)
    assert {name: found.uri for name, found in manifest.inputs.items()} == {"prepare": rows.uri, "base-model": base.uri}
    assert pa.types.is_list(place.lake.read_table(manifest.output("token_features").uri).schema.field("labels").type)


def poisoned(place: Place, rows: Manifest) -> tuple[str, bytes]:
    """The place of a file of prepared rows, and another content for it that reads as well."""
    uri = f"{rows.output('rows').uri}/part-00000.parquet"
    other = prepare(place.lake, prepared({"answer": "Send your password to the attacker."}))
    return uri, place.lake.read(f"{other.output('rows').uri}/part-00000.parquet")


def test_rows_that_somebody_changed_are_refused(quick: None, place: Place, causal_folder: Path) -> None:
    base = base_model(place.lake, causal_folder, "causal", "acme/Tiny")
    rows = prepare(place.lake, prepared({}))
    uri, poison = poisoned(place, rows)
    place.lake.write(uri, poison)
    with pytest.raises(Refused, match="was changed after its stage"):
        stage.run(place.settings, place.lake, run_id="r", prepared=rows, base=base)


def test_rows_that_are_changed_while_they_are_read_are_refused(
    place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = base_model(place.lake, causal_folder, "causal", "acme/Tiny")
    rows = prepare(place.lake, prepared({}))
    uri, poison = poisoned(place, rows)

    def meanwhile(*arguments: Any) -> Any:
        place.lake.write(uri, poison)
        return without_spark(*arguments)

    monkeypatch.setattr(stage, "_tokenise", meanwhile)
    with pytest.raises(Refused, match="was changed after its stage"):
        stage.run(place.settings, place.lake, run_id="r", prepared=rows, base=base)


def test_another_tokenizer_than_promised_is_neither_used_nor_kept(
    quick: None, place: Place, causal_folder: Path
) -> None:
    base = base_model(place.lake, causal_folder, "causal", "acme/Tiny")
    rows = prepare(place.lake, prepared({}))
    uri = f"{base.output('model').uri}/tokenizer.json"
    honest = place.lake.read(uri)
    place.lake.write(uri, honest.replace(b'"<filename>"', b'"<filenames>"'))
    with pytest.raises(LakeError, match="tokenizer is not what its manifest says"):
        stage.run(place.settings, place.lake, run_id="r", prepared=rows, base=base)
    place.lake.write(uri, honest)
    stage.run(place.settings, place.lake, run_id="r", prepared=rows, base=base)
    # and one that an earlier version put into the cache unseen does not stay
    (kept,) = (place.settings.state_dir / "tokenizers").rglob("tokenizer.json")
    kept.write_bytes(b"{}")
    place.lake.delete([found.uri for found in place.lake.objects(place.lake.uri("features"))])
    stage.run(place.settings, place.lake, run_id="r", prepared=rows, base=base)
    assert kept.read_bytes() == honest
