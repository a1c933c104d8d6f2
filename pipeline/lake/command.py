"""`llmops lake …`."""

from __future__ import annotations

import getpass
from dataclasses import asdict

import typer
from rich.table import Table

from pipeline.console import emit
from pipeline.errors import FAILED

app = typer.Typer(help="What lies in the lake.", no_args_is_help=True)
MENDED = "damage_released"


@app.command()
def verify(
    mend: bool = typer.Option(False, help="Let the stages of damaged data work again at the next run."),
    stage: str = typer.Option(None, help="Only manifests of this stage."),
) -> None:
    """Compare every object with the size and SHA-256 that its manifest promises, and name what does not hold."""
    from pipeline.audit import open_audit
    from pipeline.lake import check as lake_check
    from pipeline.lake import open_lake
    from pipeline.settings import load

    settings = load()
    lake = open_lake(settings.lake)
    uris = [uri for uri in lake_check.manifests(lake) if stage is None or lake.key(uri).split("/")[0] == stage]
    found = [damage for uri in uris for damage in lake_check.check(lake, uri)]
    released = lake_check.release(lake, found) if mend and found else []
    if released:
        data = {"objects": [damage.uri for damage in found], "manifests": released}
        open_audit(settings, lake).append(MENDED, actor=getpass.getuser(), data=data)
    table = Table("stage", "", "object")
    for damage in found:
        table.add_row(damage.stage, damage.what, damage.uri)
    told = f"{len(uris)} manifests hold." if not found else table
    emit({"manifests": len(uris), "damage": [asdict(damage) for damage in found], "released": released}, told)
    if found and not mend:
        raise typer.Exit(FAILED)
