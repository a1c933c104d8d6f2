"""`llmops tune`."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from pipeline.console import emit


def tune(
    base: str = typer.Option(..., "--base", help="Manifest URI of the base-model stage."),
    features: str = typer.Option(..., "--features", help="Manifest URI of the features stage."),
    trained: str = typer.Option(..., "--trained", help="Manifest URI of the train stage: trial 0."),
    trials: int = typer.Option(0, "--trials", min=0, help="How many trials, the trained default included."),
    run_id: str = typer.Option("manual", "--run-id", help="Name of this run in manifests and the audit trail."),
) -> None:
    """Search hyperparameters and print which trial becomes the candidate."""
    from pipeline.lake import open_lake
    from pipeline.manifest import load_manifest
    from pipeline.settings import load
    from pipeline.tune import stage

    overrides: dict[str, Any] = {"tune": {"trials": trials}} if trials else {}
    settings = load(**overrides)
    lake = open_lake(settings.lake)
    manifest = stage.run(
        settings,
        lake,
        run_id=run_id,
        base=load_manifest(lake, base),
        features=load_manifest(lake, features),
        trained=load_manifest(lake, trained),
    )
    facts = manifest.facts
    table = Table("what", "value", title="Hyperparameter search", show_header=False)
    table.add_row("trials", f"{facts['trials']}, {facts['stopped_early']} ended early")
    table.add_row("goes on", facts["goes_on"])
    table.add_row("validation loss", f"{facts['validation_loss']:.3f} (default {facts['default_validation_loss']:.3f})")
    table.add_row("candidate", manifest.output("model").uri)
    table.add_row("manifest", manifest.uri)
    if manifest.cached:
        table.add_row("", "nothing changed: this search was done before")
    emit({"manifest": manifest.uri, "cached": manifest.cached, **facts}, table)
