"""Preparing files outside the lake: what `llmops prepare` does with a folder of its own as the lake."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.lake import open_lake
from pipeline.prepare import stage
from pipeline.records import SCHEMA, Row, SetAside, question_id, to_batches
from pipeline.settings import LakeSettings, Settings
from pipeline.stage import Attempt, Manifest, load_manifest, run_stage

OUTPUTS = ("rows", "set_aside", "vocabulary", "report")
NO_ROW = "the line is no row with a question and an answer"


def prepare_files(settings: Settings, given: Sequence[str], out: Path) -> Manifest:
    """Prepare the rows of files (or of a repository in the lake) into a folder and return the manifest.

    Raises PipelineError when the folder is not empty, a file is missing or holds no rows, QualityError when the rows
    break an expectation.
    """
    if out.exists() and any(out.iterdir()):
        raise PipelineError("The output folder is not empty", where=str(out), remedy="Name a new or an empty folder")
    with tempfile.TemporaryDirectory(prefix="llmops-prepare-") as scratch:
        own = settings.model_copy(update={"lake": LakeSettings(uri=scratch)})
        lake = open_lake(own.lake)
        broken: list[SetAside] = []
        rows = list(_rows(settings, given, broken))
        if not rows:
            raise PipelineError(
                "The input holds no rows", where=", ".join(given), remedy="Rows need question and answer"
            )
        unique = {row.question_id: row for row in rows}

        def work(attempt: Attempt) -> None:
            ordered = [unique[key] for key in sorted(unique)]
            lake.write_batches(attempt.uri("rows", "part-00000.parquet"), to_batches(ordered), SCHEMA)

        repository = run_stage(lake, "repository", work, run_id="command", packages=("records",), fresh=True)
        manifest = stage.run(own, lake, run_id="command", repository=repository)
        repeated = len(rows) - len(unique)
        _add_broken(manifest, broken, repeated)
        out.mkdir(parents=True, exist_ok=True)
        for name in OUTPUTS:
            lake.download_folder(manifest.output(name).uri, out / name)
            manifest.outputs[name].uri = str((out / name).resolve())
        if broken:
            _write_broken(out / "set_aside" / "part-00001.parquet", broken)
        manifest.uri = str((out / "manifest.json").resolve())
        (out / "manifest.json").write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
        shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def _add_broken(manifest: Manifest, broken: Sequence[SetAside], repeated: int) -> None:
    counts = manifest.counts
    counts.rows_in += len(broken) + repeated
    counts.set_aside += len(broken) + repeated
    for item in broken:
        counts.reasons[item.reason] = counts.reasons.get(item.reason, 0) + 1
    if repeated:
        counts.reasons["the id stands twice"] = repeated


def _write_broken(file: Path, broken: Sequence[SetAside]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_batches(to_batches(broken)), file)


def _rows(settings: Settings, given: Sequence[str], broken: list[SetAside]) -> Iterator[Row]:
    for place in given:
        if place.endswith("manifest.json"):
            lake = open_lake(settings.lake)
            values = lake.read_table(load_manifest(lake, place).output("rows").uri).to_pylist()
        else:
            values = _values(Path(place))
        for number, value in enumerate(values, 1):
            row = _row(value, place, number)
            if row is None:
                broken.append(
                    SetAside("prepare", NO_ROW, Path(place).stem, f"{place}:{number}", detail=str(value)[:200])
                )
            else:
                yield row


def _values(file: Path) -> list[Any]:
    if not file.is_file():
        raise PipelineError("There is no such file", where=str(file), remedy="Give JSON Lines or Parquet files")
    if file.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            found: list[Any] = pq.read_table(file).to_pylist()
        except (pa.ArrowException, OSError) as problem:
            raise PipelineError(f"The file is no readable Parquet: {problem}", where=str(file)) from None
        return found
    values: list[Any] = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.strip():
            try:
                values.append(json.loads(line))
            except ValueError:
                values.append(line)
    return values


def _row(value: Any, place: str, number: int) -> Row | None:
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in ("question", "answer")):
        return None
    known = {field.name for field in fields(Row)}
    now = datetime.now(UTC)
    source = str(value.get("data_source") or Path(place).stem)
    provenance = str(value.get("provenance") or f"{Path(place).name}:{number}")
    defaults = {
        "data_source": source,
        "source_kind": "file",
        "document_id": provenance,
        "provenance": provenance,
        "question_id": question_id(source, provenance, value["question"]),
    }
    kept = {name: item for name, item in value.items() if name in known and item is not None and name != "content_hash"}
    for name in ("collected_at", "updated_at"):
        kept[name] = _moment(kept.get(name)) or now
    return Row(**{**defaults, **kept})


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
