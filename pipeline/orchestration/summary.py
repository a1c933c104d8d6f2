"""What a run came to, shown at its end: version, scores before and after, reports, and an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from pipeline.audit import open_audit
from pipeline.console import console, literal, output, say
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest
from pipeline.orchestration import runs
from pipeline.publish.erasures import PUBLISHED
from pipeline.review.signoff import RUN_FINISHED
from pipeline.settings import Settings


def show(settings: Settings, run_id: str, state: str) -> str:
    """Show the result of a run and return it: published, unchanged, done, refused or failed."""
    lake = open_lake(settings.lake)
    audit = open_audit(settings, lake)
    finished = audit.find(RUN_FINISHED, run_id=run_id)
    result = str(finished[-1].data["result"]) if finished else ("done" if state == "success" else "failed")
    made = runs.manifests(lake, run_id)
    folder = _reports(settings, lake, run_id, made)
    if "evaluate" in made:
        say("\nHeld-out questions, before and after")
        _scores(made["evaluate"])
    if folder:
        say(f"Reports: {folder}")
    if result == "published":
        _published(settings, audit.find(PUBLISHED, run_id=run_id)[-1].data, made)
    elif result == "done":
        say("Done: the published model is as it was approved.")
    elif result == "unchanged":
        say("Nothing changed: the model that this data makes is already in production.")
    elif result == "refused":
        refused = audit.find("refused", run_id=run_id)
        say(f"[red]Refused[/]: nothing was published. {literal(refused[-1].data['reason']) if refused else ''}")
    else:
        released = audit.find(PUBLISHED, run_id=run_id)
        what = f"{released[-1].data['version']} was published all the same" if released else "nothing was published"
        say(f"[red]Failed[/]: {what}; the cause is shown above.")
    return result


def _reports(settings: Settings, lake: Lake, run_id: str, made: dict[str, Manifest]) -> Path | None:
    """Copy the run's reports to where a person finds them."""
    folder = settings.state_dir / "reports" / runs.folder(lake, run_id).removeprefix(f"{lake.uri('runs')}/")
    found = [manifest for manifest in made.values() if "report" in manifest.outputs]
    for manifest in found:
        lake.download_folder(manifest.output("report").uri, folder / manifest.stage)
    return folder if found else None


def _scores(evaluation: Manifest) -> None:
    table = Table()
    for title in ("metric", "base", "fine-tuned", "95 % interval", "champion", "baseline"):
        table.add_column(title, no_wrap=True)
    for name, row in evaluation.facts.get("metrics", {}).items():
        table.add_row(
            name, *(_figure(row.get(key)) for key in ("base", "candidate", "interval", "champion", "baseline"))
        )
    if not output.machine:
        console.print(table)


def _figure(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " to ".join(_figure(part) for part in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _published(settings: Settings, release: dict[str, Any], made: dict[str, Manifest]) -> None:
    from pipeline.publish.ask import ask
    from pipeline.publish.store import ModelStore

    say(f"Published: {release['repository']} {release['version']} at commit {release['commit']}")
    say(f"Look at it: {ModelStore(settings).url()}")
    if "evaluate" not in made:
        return
    rows = open_lake(settings.lake).read_table(
        made["evaluate"].output("answers").uri, columns=["question", "context", "reference"]
    )
    sample = next((row for row in rows.to_pylist() if row["context"]), None)
    if sample is None:
        return
    answered = ask(settings, sample["question"], context=sample["context"], source="held-out question")
    say("\nAsked of the published model, loaded back from the store:")
    say(f"  Q: {literal(answered.question)}\n  A: {literal(answered.answer)}")
    say(f"  [dim]Reference: {literal(sample['reference'][:300])}[/]")
