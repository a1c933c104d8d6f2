"""`llmops finetune` and `llmops select`."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from pipeline.console import emit


def finetune(
    base: str = typer.Option(..., "--base", help="Manifest URI of the base-model stage."),
    features: str = typer.Option(..., "--features", help="Manifest URI of the features stage."),
    method: str = typer.Option("", "--method", help="full, lora or qlora; the settings' by default."),
    run_id: str = typer.Option("manual", "--run-id", help="Name of this run in manifests and the audit trail."),
) -> None:
    """Fine-tune the base model on features and print where the result is."""
    from pipeline.lake import open_lake
    from pipeline.settings import load
    from pipeline.stage import load_manifest
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
