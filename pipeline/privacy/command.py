"""`llmops privacy`: export and erase a subject's data, and let old data go."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from pipeline.console import emit

if TYPE_CHECKING:
    from pipeline.privacy.erase import ErasureReport
    from pipeline.privacy.retention import RetentionReport

app = typer.Typer(help="Erasure, portability and retention.", no_args_is_help=True)
SUBJECT = typer.Option(..., "--subject", help="An e-mail address, full name, ticket key or URL; may be repeated.")
DRY_RUN = typer.Option(False, "--dry-run", help="Only say what would go.")


@app.command()
def erase(
    subject: list[str] = SUBJECT,
    dry_run: bool = DRY_RUN,
    delete_unsearched: bool = typer.Option(
        False, "--delete-unsearched", help="Also delete payloads of sources that cannot be searched."
    ),
    replaces: str = typer.Option(
        None, help="Reference of an earlier erasure of the same subject whose entry in privacy/suppressed is lost."
    ),
) -> None:
    """Erase a person's or a ticket's data from the lake and the online store; name the models trained with it."""
    from pipeline.lake import open_lake
    from pipeline.privacy.erase import erase as work
    from pipeline.privacy.subject import Subject
    from pipeline.settings import current

    settings = current()
    report = work(
        settings,
        open_lake(settings.lake),
        Subject.of(subject),
        actor=getpass.getuser(),
        dry_run=dry_run,
        delete_unsearched=delete_unsearched,
        replaces=replaces,
    )
    emit(report.model_dump(mode="json"), _erasure(report))
    if report.remaining and not dry_run:
        raise typer.Exit(1)


@app.command()
def export(
    subject: list[str] = SUBJECT,
    out: Path = typer.Option(Path("export.json"), help="File to write; readable by its owner only."),
) -> None:
    """Write everything that is known of a person or ticket to a JSON file."""
    from pipeline.lake import open_lake
    from pipeline.privacy.export import export as work
    from pipeline.privacy.subject import Subject
    from pipeline.settings import current

    settings = current()
    document = work(settings, open_lake(settings.lake), Subject.of(subject), out, actor=getpass.getuser())
    told = {name: len(document[name]) for name in ("records", "mentions", "online", "models_trained_with_it")}
    table = Table("", "", show_header=False, box=None)
    for name, value in {"file": str(out), "reference": document["reference"], **told}.items():
        table.add_row(name.replace("_", " "), str(value))
    emit({"file": str(out), "reference": document["reference"], **told}, table)


@app.command()
def retain(dry_run: bool = DRY_RUN) -> None:
    """Delete what is older than the retention settings allow."""
    from pipeline.lake import open_lake
    from pipeline.privacy.retention import retain as work
    from pipeline.settings import current

    settings = current()
    report = work(settings, open_lake(settings.lake), actor=getpass.getuser(), dry_run=dry_run)
    emit(report.model_dump(mode="json"), _retention(report))


def _erasure(report: ErasureReport) -> Table:
    table = Table("", "", show_header=False, box=None)
    table.add_row("reference", report.reference + (" (dry run: nothing was changed)" if report.dry_run else ""))
    for place, count in {**report.rows, **{f"online {view}": n for view, n in report.online.items()}}.items():
        table.add_row(place, f"{count} rows")
    table.add_row("files", f"{report.files_written_again} written again, {report.files_deleted} deleted")
    for uri in report.deleted_unsearched:
        table.add_row("deleted, not searched", uri)
    for model in report.models:
        released = f"released as {', '.join(model.versions)}" if model.versions else "never released"
        table.add_row("model trained with it", f"{model.manifest} ({released})")
    if report.models:
        table.add_row("next", "run llm_pipeline (makes the rows anew and retrains), or llm_retrain")
    if report.local_copies:
        table.add_row("local copies", ", ".join(report.local_copies))
    for text in report.by_hand:
        table.add_row("by hand", text)
    for uri in report.remaining:
        table.add_row("[red]remains[/]", uri)
    return table


def _retention(report: RetentionReport) -> Table:
    table = Table("kind", "objects", "bytes")
    for name, (count, size) in report.deleted.items():
        table.add_row(name, str(count), str(size))
    return table
