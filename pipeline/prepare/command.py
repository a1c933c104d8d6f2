"""`llmops prepare`."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from pipeline.console import emit


def prepare(
    given: list[str] = typer.Option(
        ..., "--in", help="Rows: JSON Lines or Parquet files, or a repository's manifest URI."
    ),
    out: Path = typer.Option(..., help="Folder for rows/, set_aside/ and manifest.json; must be empty."),
) -> None:
    """Clean, protect, de-duplicate, check and split rows on Spark."""
    from pipeline.prepare.files import prepare_files
    from pipeline.settings import load

    manifest = prepare_files(load(), given, out)
    table = Table("rows", "number")
    table.add_row("in", str(manifest.counts.rows_in))
    table.add_row("out", str(manifest.counts.rows_out))
    for reason, count in sorted(manifest.counts.reasons.items()):
        table.add_row(f"set aside: {reason}", str(count))
    emit(manifest.model_dump(mode="json"), table)
