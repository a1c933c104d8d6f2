"""What the collect commands do: the same collection as in a run, into a file or into the lake."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from pipeline.collect import repository, stage
from pipeline.collect.landing import NoLanding
from pipeline.collect.output_rows import OutputRows
from pipeline.errors import SettingsError, SourceError
from pipeline.lake import open_lake
from pipeline.settings import AnySource, LakeSettings, SourceSettings, current

if TYPE_CHECKING:
    from pipeline.collect.source import Document
    from pipeline.lake import Lake
    from pipeline.manifest import Manifest


def source_settings(config: dict[str, Any]) -> SourceSettings:
    """Check the settings of a source; raises SettingsError naming each wrong one."""
    try:
        checked: SourceSettings = TypeAdapter[Any](AnySource).validate_python(config)
    except ValidationError as problem:
        faults = [f"{error['loc'][-1]}: {error['msg']}" for error in problem.errors()]
        raise SettingsError("The source is not described well: " + "; ".join(faults), remedy="See --help") from None
    return checked


def collect_into(
    config: SourceSettings, out: Path, progress: Callable[[Document], None] | None = None
) -> dict[str, Any]:
    """Collect a source once, write its rows to `out` and what was set aside to `out` + `.set_aside.jsonl`.

    Both files are written whole or not at all. Returns what a person or program wants to know about it.
    """
    if out.is_dir() or not out.parent.is_dir():
        raise SettingsError("The file cannot be written", where=str(out), remedy="Name a file in a folder that exists")
    with tempfile.TemporaryDirectory(prefix="llmops-collect-") as folder:
        lake = open_lake(LakeSettings(uri=folder))
        manifest = stage.collect(current(), lake, config, run_id="once", landing=NoLanding(), progress=progress)
        aside = out.with_name(out.name + ".set_aside.jsonl")
        _write(out, lake, manifest, "rows")
        _write(aside, lake, manifest, "set_aside")
    return {**described(manifest), "out": str(out), "set_aside_file": str(aside)}


def described(manifest: Manifest) -> dict[str, Any]:
    """Return the counts of a collection or repository for people and programs."""
    return {
        "source": manifest.facts.get("source", manifest.stage),
        "rows": manifest.counts.rows_out,
        "set_aside": manifest.counts.set_aside,
        "reasons": manifest.counts.reasons,
        "documents": manifest.facts.get("documents", {}),
        "changes": manifest.facts.get("rows", {}),
        "licence": manifest.facts.get("licence"),
        "warnings": manifest.warnings,
        "seconds": manifest.seconds,
        "out": manifest.uri,
    }


def collect_configured(
    names: list[str], run_id: str | None, say: Callable[[str], None]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Collect the enabled sources (or those named) into the lake, then unify them.

    A source that fails does not keep the others from being collected; the repository is then not made, and the first
    failure is raised at the end.
    """
    settings = current()
    wanted = [source for source in settings.collect.sources if source.enabled and (not names or source.name in names)]
    unknown = set(names) - {source.name for source in wanted}
    if unknown or not wanted:
        raise SettingsError(
            f"There is no enabled source named {', '.join(sorted(unknown))}" if unknown else "No source is enabled",
            where="collect.sources",
            remedy="Configured: " + (", ".join(source.name for source in settings.collect.sources) or "none"),
        )
    lake = open_lake(settings.lake)
    run = run_id or f"manual-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    manifests: list[Manifest] = []
    failures: list[tuple[str, SourceError]] = []
    for source in wanted:
        say(f"{source.name}: collecting")
        try:
            manifests.append(stage.run(settings, lake, run_id=run, source=source.name))
        except SourceError as problem:
            failures.append((source.name, problem))
            say(f"{source.name}: {problem}")
    if failures:
        name, first = failures[0]
        raise SourceError(
            f"{len(failures)} of {len(wanted)} sources failed; {name}: {first.what}",
            where=first.where,
            remedy=first.remedy,
        )
    unified = repository.run(settings, lake, run_id=run, collected=manifests)
    return [described(manifest) for manifest in manifests], described(unified)


def _write(file: Path, lake: Lake, manifest: Manifest, output: str) -> None:
    partial = file.with_name(file.name + ".partial")
    with partial.open("w", encoding="utf-8") as target:
        for batch in OutputRows(lake, manifest, output).rest():
            for row in batch.to_pylist():
                target.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")
    partial.replace(file)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
