"""`llmops features`: make a model's features from manifests, and look at what the online store holds."""

from __future__ import annotations

from datetime import UTC, datetime

import typer
from rich.table import Table

from pipeline.console import emit
from pipeline.errors import SettingsError

app = typer.Typer(help="Token features: make, register and read them.", no_args_is_help=True)
SHOWN = ("question", "answer", "context", "split", "licence", "data_source")


@app.callback(invoke_without_command=True)
def features(
    context: typer.Context,
    rows: str | None = typer.Option(None, help="URI of the manifest of prepared rows."),
    base: str | None = typer.Option(None, help="URI of the manifest of a base model."),
    run_id: str | None = typer.Option(None, help="Name of this run in manifests and logs."),
) -> None:
    """Tokenise prepared rows for a base model, register the features in Feast and materialise them online."""
    if context.invoked_subcommand:
        return
    if not rows or not base:
        raise SettingsError(
            "Both manifests are needed",
            where="llmops features --rows URI --base URI",
            remedy="`llmops prepare` and the base-model stage print the URIs of theirs",
        )
    from pipeline.features.stage import run
    from pipeline.lake import open_lake
    from pipeline.manifest import load_manifest
    from pipeline.settings import current

    settings = current()
    lake = open_lake(settings.lake)
    name = run_id or f"manual-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    prepared, model = load_manifest(lake, rows), load_manifest(lake, base)
    manifest = run(settings, lake, run_id=name, prepared=prepared, base=model)
    table = Table("", "", show_header=False, box=None)
    table.add_row("manifest", manifest.uri)
    table.add_row("rows", f"{manifest.counts.rows_out} of {manifest.counts.rows_in}")
    for reason, count in sorted(manifest.counts.reasons.items()):
        table.add_row("set aside", f"{count} {reason}")
    for key in ("splits", "truncated", "lengths", "views", "licence"):
        table.add_row(key, str(manifest.facts[key]))
    emit(manifest.model_dump(mode="json"), table)


@app.command()
def online(
    question_ids: list[str] = typer.Argument(..., help="Ids of questions."),
    view: str | None = typer.Option(None, help="A feature view; qa_features by default."),
) -> None:
    """Show what the online store holds for questions."""
    from pipeline.features.retrieval import online_features
    from pipeline.settings import current

    found = online_features(current(), question_ids, view)
    table = Table("question_id", "feature", "value")
    for row in found:
        if not row["found"]:
            table.add_row(row["question_id"], "", "not in the online store")
            continue
        for name in [name for name in row if view or name in SHOWN]:
            table.add_row(row["question_id"], name, str(row[name]))
    emit(found, table)


@app.command()
def config() -> None:
    """Print the feature_store.yaml that belongs to the present settings, for the plain `feast` command."""
    import yaml

    from pipeline.features.store import configuration
    from pipeline.settings import current

    content = configuration(current())
    emit(content, yaml.safe_dump(content, sort_keys=False).rstrip())
