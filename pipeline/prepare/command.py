"""`llmops prepare`: rows in, clean and private rows out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pipeline.console import emit, say
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.manifest import Manifest


def prepare(
    given: Annotated[
        list[str] | None, typer.Option("--in", help="File or folder with rows: JSON Lines, JSON, CSV or Parquet.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for rows, set_aside, report, manifest.json.")
    ] = None,
    manifest: Annotated[
        str | None, typer.Option("--manifest", help="Manifest of a repository in the lake, instead of files.")
    ] = None,
    question: Annotated[str | None, typer.Option(help="Column with the question.")] = None,
    answer: Annotated[str | None, typer.Option(help="Column with the answer.")] = None,
    context: Annotated[str | None, typer.Option(help="Column with the passage that supports the answer.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at every broken expectation, as the DAG does.")
    ] = False,
) -> None:
    """Clean, protect, de-duplicate, check and split rows on Spark."""
    from pipeline.prepare.one_off import prepare_files, prepare_repository
    from pipeline.settings import load

    settings = load()
    if manifest and not given:
        made = prepare_repository(settings, manifest, out)
    elif given and out is not None and not manifest:
        named = {"question": question, "answer": answer, "context": context}
        columns = {name: value for name, value in named.items() if value}
        made = prepare_files(settings, given, out, columns, strict=strict)
    else:
        raise SettingsError(
            "There is nothing to prepare",
            where="llmops prepare",
            remedy="Give --in FILE and --out FOLDER, or --manifest URI of a repository",
        )
    emit(made.model_dump(mode="json"), _table(made))
    for warning in made.warnings:
        say(f"Note: {warning}")


def _table(made: Manifest) -> Table:
    table = Table("rows", "number", title=made.uri, title_justify="left")
    table.add_row("in", str(made.counts.rows_in))
    table.add_row("out", str(made.counts.rows_out))
    for split, count in sorted(made.facts["splits"].items()):
        table.add_row(f"  {split}", str(count))
    table.add_row("set aside", str(made.counts.set_aside))
    for reason, count in sorted(made.counts.reasons.items()):
        table.add_row(f"  {reason}", str(count))
    return table
