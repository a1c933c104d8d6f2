"""`llmops finetune`, `llmops pretrain` and `llmops select`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from pipeline.console import emit
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.lake import Lake
    from pipeline.settings import Settings
    from pipeline.train.selection import Sample


def finetune(
    base: str = typer.Option(..., "--base", help="Manifest URI of the base-model stage."),
    features: str = typer.Option(..., "--features", help="Manifest URI of the features stage."),
    method: str = typer.Option("", "--method", help="full, lora or qlora; the settings' by default."),
    run_id: str = typer.Option("manual", "--run-id", help="Name of this run in manifests and the audit trail."),
) -> None:
    """Fine-tune the base model on features and print where the result is."""
    from pipeline.lake import open_lake
    from pipeline.manifest import load_manifest
    from pipeline.settings import load
    from pipeline.train import stage

    overrides: dict[str, Any] = {"train": {"method": method}} if method else {}
    settings = load(**overrides)
    lake = open_lake(settings.lake)
    manifest = stage.run(
        settings,
        lake,
        run_id=run_id,
        base=load_manifest(lake, base),
        features=load_manifest(lake, features),
    )
    facts = manifest.facts
    table = Table("what", "value", title="Fine-tuning", show_header=False)
    table.add_row("validation loss", f"{facts['initial_validation_loss']:.3f} → {facts['validation_loss']:.3f}")
    table.add_row("steps", f"{facts['steps']} of {facts['planned_steps']}, best after {facts['best_step']}")
    table.add_row("examples a second", f"{facts['examples_per_second']:.2f}")
    table.add_row("manifest", manifest.uri)
    if manifest.cached:
        table.add_row("", "nothing changed: this was trained before")
    emit({"manifest": manifest.uri, "cached": manifest.cached, **facts}, table)


def pretrain(
    base: str = typer.Option(..., "--base", help="Manifest URI of the base-model stage."),
    rows: str = typer.Option(..., "--rows", help="Manifest URI of the prepare stage."),
    run_id: str = typer.Option("manual", "--run-id", help="Name of this run in manifests and the audit trail."),
) -> None:
    """Continue pre-training on raw company text; the result can stand in for the base model."""
    from pipeline.lake import open_lake
    from pipeline.manifest import load_manifest
    from pipeline.settings import load
    from pipeline.train import pretraining

    settings = load()
    lake = open_lake(settings.lake)
    manifest = pretraining.run(
        settings, lake, run_id=run_id, base=load_manifest(lake, base), prepared=load_manifest(lake, rows)
    )
    facts = manifest.facts
    table = Table("what", "value", title="Continued pre-training", show_header=False)
    went = facts["training"]
    losses = f"{went['initial_validation_loss']:.3f} → {went['validation_loss']:.3f} nats a token"
    table.add_row("loss on held-out documents", losses)
    read = facts["pretrained_on"]
    table.add_row("texts", f"{read['texts']} read, {sum(read['left_out'].values())} left out: held-out rows' own")
    table.add_row("manifest", manifest.uri)
    emit({"manifest": manifest.uri, "cached": manifest.cached, **facts}, table)


def select(
    features: str = typer.Option("", "--features", help="Manifest URI of the features stage: its validation split."),
    data: Path | None = typer.Option(None, "--data", help="Or JSON Lines with question, answer and context."),
    base: list[str] = typer.Option([], "--base", help="A candidate; may be repeated. Else the settings' candidates."),
    out: Path | None = typer.Option(None, "--out", help="Write the report as a page here."),
) -> None:
    """Compare foundation models on a sample of the task and recommend one."""
    from dataclasses import asdict

    from pipeline.lake import open_lake
    from pipeline.settings import load
    from pipeline.train.selection import measure, named, recommend, selection_report

    settings = load()
    lake = open_lake(settings.lake)
    candidates = named(settings, base) or settings.select.candidates or [settings.model]
    sample = _sample(settings, lake, features, data)
    measured = [measure(settings, lake, candidate, sample, "select") for candidate in candidates]
    chosen, reason = recommend(measured, settings.select)
    table = Table("model", "token F1", "nats/token", "s/answer", "MB", "licence", title="Foundation models")
    for one in measured:
        figures = (f"{one.token_f1:.3f}", f"{one.nats_per_token:.3f}", f"{one.seconds:.2f}", f"{one.megabytes:.0f}")
        table.add_row(one.name, *(figures if one.problem is None else ("–", "–", "–", "–")), one.problem or one.licence)
    table.caption = f"{chosen.name if chosen else 'None'} is recommended. {reason}"
    if out:
        out.write_text(selection_report(measured, chosen, reason).html(), encoding="utf-8")
    emit(
        {
            "candidates": [asdict(one) for one in measured],
            "recommended": chosen.name if chosen else None,
            "reason": reason,
        },
        table,
    )


def _sample(settings: Settings, lake: Lake, features: str, data: Path | None) -> list[Sample]:
    """Read the questions to compare on; refusals are left out, because there is nothing to answer in them."""
    from itertools import islice

    from pipeline.train.selection import Sample

    if bool(features) == bool(data):
        raise SettingsError("Say which questions to compare on", remedy="Give either --features or --data")
    if data:
        rows = _rows_of(data)
    else:
        from pipeline.features.retrieval import qa_rows
        from pipeline.manifest import load_manifest

        rows = list(qa_rows(settings, lake, load_manifest(lake, features), "validation"))
    usable = (row for row in rows if row.get("question") and row.get("answer") and not row.get("is_refusal"))
    sample = [
        Sample(row.get("context"), row["question"], row["answer"]) for row in islice(usable, settings.select.questions)
    ]
    if not sample:
        raise SettingsError(
            f"None of {len(rows)} rows has a question and an answer to compare on",
            where=str(data or features),
            remedy='Write one row a line: {"question": "…", "answer": "…", "context": "…"}'
            if data
            else "Name features whose validation split has rows that are no refusals",
        )
    return sample


def _rows_of(data: Path) -> list[dict[str, Any]]:
    """Read a sample's JSON Lines. Raises SettingsError when they are not, or a text is none."""
    import json

    try:
        lines = data.read_text(encoding="utf-8-sig").split("\n")  # texts may hold other line ends
    except (OSError, ValueError) as problem:
        raise SettingsError(f"The sample cannot be read: {problem}", where=str(data)) from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{data}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as problem:
            raise SettingsError(f"The sample cannot be read: {problem}", where=where) from None
        if not isinstance(row, dict):
            raise SettingsError("The sample has a line that is no JSON object", where=where, remedy="One row a line")
        for name in ("question", "answer", "context"):
            if not isinstance(row.get(name), str | None):
                raise SettingsError(f"The sample has something as {name} that is no text", where=where)
        rows.append(row)
    return rows
