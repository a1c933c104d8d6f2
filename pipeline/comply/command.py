"""`llmops comply`: every check on a model that is somewhere, with data that are somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from pipeline.console import emit, literal, say

if TYPE_CHECKING:
    from pipeline.lake import Lake
    from pipeline.settings import Settings

UNSTATED = "NOASSERTION"
COLOURS = {"failed": "red", "warning": "yellow", "passed": "green", "not_applicable": "dim"}


def comply(
    model: str = typer.Option(..., help="Folder, manifest URI, or repository[@revision] of the model store."),
    data: str = typer.Option(..., help="Prepared rows: folder, Parquet, JSON Lines, or manifest URI."),
    out: Path = typer.Option(
        ..., help="Where the report goes; the page and the bill of materials are written beside it."
    ),
    base: str | None = typer.Option(None, help="The base model to compare with."),
    base_licence: str | None = typer.Option(
        None, help="SPDX licence of the base model; by default its model card's, else the settings'."
    ),
    data_licence: str = typer.Option(UNSTATED, help="SPDX licence of rows that state none."),
    questions: int = typer.Option(32, min=1, help="Held-out questions to ask."),
) -> None:
    """Check a model for everything that must not be published. Exit code 2 when the gate refuses it."""
    from pipeline import settings as configuration
    from pipeline.comply import outside
    from pipeline.comply.gate import PASSED
    from pipeline.errors import Refused

    settings = configuration.load()
    lake = _lake(settings, any(place and "://" in place for place in (model, data, base)))
    made = outside.check(
        settings,
        lake,
        model=model,
        data=data,
        base=base,
        base_licence=base_licence,
        data_licence=data_licence,
        questions=questions,
        say=say,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    for name, content in made.files.items():
        place = {"report.json": out, "report.html": out.with_suffix(".html")}.get(name, out.with_name(name))
        place.write_bytes(content)
    emit({"report": str(out), **made.facts}, table(made.facts, out))
    if made.facts["verdict"] != PASSED:
        raise Refused(
            "The compliance gate refused the model: " + "; ".join(made.facts["reasons"]),
            where=model,
            remedy=f"The report says what to do about each: {out.with_suffix('.html')}",
        )


def table(facts: dict[str, Any], out: Path) -> Table:
    """Return the findings as a table for a terminal."""
    passed = facts["verdict"] == "passed"
    title = "[green]The gate lets the model pass[/]" if passed else "[red]The gate refuses the model[/]"
    found = Table("check", "result", "what was found", title=title, caption=f"Report: {out.with_suffix('.html')}")
    for finding in facts["findings"]:
        state = f"[{COLOURS[finding['status']]}]{finding['status'].replace('_', ' ')}[/]"
        found.add_row(finding["check"], state, literal(finding["summary"]))
    return found


def _lake(settings: Settings, shared: bool) -> Lake:
    """Use the pipeline's lake only when something in it is named, so that files alone need no service."""
    from pipeline.lake import open_lake
    from pipeline.settings import LakeSettings

    return open_lake(settings.lake if shared else LakeSettings(uri=str(settings.state_dir / "comply")))
