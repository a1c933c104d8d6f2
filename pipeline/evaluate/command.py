"""`llmops evaluate`: all metrics for a model that is somewhere, on data that are somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

if TYPE_CHECKING:
    from pipeline.evaluate.evaluation import Evaluation
    from pipeline.lake import Lake
    from pipeline.settings import Settings

TONES = {"good": "green", "bad": "red", "open": "yellow"}


def evaluate(
    model: str = typer.Option(..., help="Folder, manifest URI, or repository[@revision] of the model store."),
    data: str = typer.Option(..., help="Prepared rows: folder, Parquet, JSON Lines, or manifest URI."),
    out: Path = typer.Option(..., help="Where the report goes; the page and the answers are written beside it."),
    base: str | None = typer.Option(None, help="The base model to compare with."),
    champion: str | None = typer.Option(None, help="The published model to compare with."),
    split: str = typer.Option("test", help="The split to take from rows that name one."),
    limit: int | None = typer.Option(None, min=1, help="Ask at most this many questions (evaluate.max_examples)."),
) -> None:
    """Measure a model: answers, refusals, robustness, reliability, readability, benchmarks."""
    from pipeline import settings as configuration
    from pipeline.console import emit
    from pipeline.evaluate.evaluation import evaluate as measure
    from pipeline.evaluate.evaluation import facts
    from pipeline.evaluate.examples import examples_of
    from pipeline.evaluate.sources import model_at, rows_at

    settings = configuration.load()
    if limit is not None:
        settings.evaluate.max_examples = limit
    lake = _lake(settings, any(place and "://" in place for place in (model, data, base, champion)))
    models = [model_at(model, "candidate", settings, lake)]
    if base:
        models.append(model_at(base, "base", settings, lake))
    if champion:
        models.append(model_at(champion, "champion", settings, lake))
    rows = rows_at(data, lake, split)
    examples = examples_of(rows, settings.evaluate.max_examples, settings.evaluate.seed)
    described = {"split": split, "available": len(rows), "inputs": {"data": data}}
    found = measure(settings, lake, models, examples, described)
    write(out, found)
    emit({"report": str(out), "speed": found.speed, **facts(found.report)}, _table(found.report, out))


def write(out: Path, found: Evaluation) -> None:
    """Write report.json at `out`, and the page and the answers beside it."""
    import json

    from pipeline.evaluate.report.render import render

    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found.report, ensure_ascii=False, indent=1), encoding="utf-8")
    out.with_suffix(".html").write_text(render(found.report), encoding="utf-8")
    out.with_name("answers.jsonl").write_bytes(found.answers_jsonl())


def _lake(settings: Settings, shared: bool) -> Lake:
    """Use the pipeline's lake only when something in it is named, so that files alone need no service."""
    from pipeline.lake import open_lake
    from pipeline.settings import LakeSettings

    return open_lake(settings.lake if shared else LakeSettings(uri=str(settings.state_dir / "evaluate")))


def _table(report: dict[str, Any], out: Path) -> Table:
    from pipeline.evaluate.report import format
    from pipeline.evaluate.report.render import TITLES

    verdict = report["verdict"]
    table = Table(
        title=f"[{TONES[verdict['tone']]}]{verdict['headline']}[/]",
        caption=f"{report['data']['questions']} questions · report: {out.with_suffix('.html')}",
    )
    table.add_column("Metric")
    for role in report["roles"]:
        table.add_column(TITLES[role], justify="right")
    for metric in report["metrics"]:
        cells = []
        for role in report["roles"]:
            found = metric["values"].get(role) or {"value": None, "low": None}
            text = format.number(found["value"], metric)
            if found["low"] is not None:
                text += f" [dim]{format.number(found['low'], metric)} to {format.number(found['high'], metric)}[/]"
            cells.append(text)
        table.add_row(f"[bold]{metric['title']}[/]" if metric["headline"] else metric["title"], *cells)
    return table
