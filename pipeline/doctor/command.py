"""`llmops doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.console import emit
from pipeline.errors import FAILED

MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "failed": "[red]failed[/]"}


def doctor() -> None:
    """Check settings, versions, disk, permissions, ports, connections and clocks, and say how to mend each."""
    from pipeline.doctor import ahead, configuration, connections, machine
    from pipeline.settings import load

    settings = load()
    checks = (
        configuration.settings_file,
        configuration.policy,
        configuration.sources,
        configuration.secrets,
        ahead.stages,
        ahead.licences,
        machine.python,
        machine.java,
        machine.disk,
        machine.permissions,
        machine.ports,
        connections.lake,
        connections.model_store,
        connections.clocks,
        connections.mail,
        connections.airflow,
    )
    results = [result for check in checks for result in check(settings)]
    table = Table("check", "", "found", "how to mend it")
    for result in results:
        table.add_row(result.name, MARKS[result.status], escape(result.found), escape(result.remedy))
    emit([asdict(result) for result in results], table)
    if any(result.status == "failed" for result in results):
        raise typer.Exit(FAILED)
