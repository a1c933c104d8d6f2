"""`llmops up`, `down` and `status`."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from pipeline.console import emit, say


def up(airflow: bool = typer.Option(True, help="Start Airflow too, not only the services.")) -> None:
    """Start the embedded services and Airflow, and leave them running."""
    from pipeline.local import stack
    from pipeline.settings import load

    stack.up(load(), airflow=airflow, say=say)
    status()
    say("Stop everything with: make stop (or llmops down)")


def down() -> None:
    """End every process that `up` or `run` started."""
    from pipeline.local import stack
    from pipeline.settings import load

    stopped = stack.down(load())
    emit({"stopped": stopped}, f"Stopped: {', '.join(stopped)}" if stopped else "Nothing was running.")


def status() -> None:
    """Show which services run, where, and whether they answer."""
    from pipeline.local import stack
    from pipeline.settings import load

    settings = load()
    found = stack.status(settings)
    table = Table("service", "address", "process", "answers")
    for service in found:
        table.add_row(
            str(service["name"]), str(service["url"] or ""), str(service["pid"]), "yes" if service["healthy"] else "no"
        )
    logs = Path(settings.state_dir) / "logs"
    emit(found, table if found else f"Nothing is running. Start with: llmops up (logs go to {logs})")
