"""`llmops models …` and `llmops ask`."""

from __future__ import annotations

import getpass

import typer
from rich.table import Table

from pipeline.console import emit, literal

app = typer.Typer(help="Versions in the model store.", no_args_is_help=True)


@app.command("list")
def list_versions() -> None:
    """List the released versions and which one is in production."""
    from pipeline.publish.calls import DamagedError
    from pipeline.publish.store import ModelStore
    from pipeline.settings import load

    store = ModelStore(load())
    present = (store.claim() or {}).get("version")
    found = []
    for version in store.versions():
        try:
            release = store.release(version.commit) or {}
        except DamagedError:
            release = {"run_id": "its release file cannot be read"}
        found.append(
            {
                "version": version.name,
                "commit": version.commit,
                "released_at": release.get("released_at"),
                "run": release.get("run_id"),
                "production": version.name == present,
            }
        )
    table = Table("version", "commit", "released", "run", "")
    for entry in found:
        mark = "production" if entry["production"] else ""
        commit = str(entry["commit"])[:10]
        table.add_row(str(entry["version"]), commit, str(entry["released_at"]), str(entry["run"]), mark)
    emit(found, table if found else "No version is released yet. Run the pipeline: make run")


@app.command()
def show(version: str = typer.Argument("production", help="v1, v2, … or production")) -> None:
    """Show what a version is: its digests, approvals and manifests."""
    from pipeline.errors import Refused
    from pipeline.publish.store import ModelStore
    from pipeline.settings import load

    store = ModelStore(load())
    release = store.release(version)
    if release is None:
        known = ", ".join(found.name for found in store.versions()) or "none"
        raise Refused(f"There is no version {version}", where=store.url(), remedy=f"There are: {known}")
    table = Table("what", "value", show_header=False)
    for name, value in release.items():
        if name == "files":
            for path, digest in value.items():
                table.add_row(path, f"sha256 {digest}")
        else:
            table.add_row(name, str(value))
    emit(release, table)


@app.command()
def publish(run: str = typer.Option(..., help="The run whose candidate was signed off, as `<dag>/<run>`.")) -> None:
    """Publish a run's candidate, if it is signed off; the same checks as in the pipeline."""
    from pipeline.errors import Refused
    from pipeline.lake import open_lake
    from pipeline.orchestration import runs
    from pipeline.publish import stage
    from pipeline.settings import load

    settings = load()
    lake = open_lake(settings.lake)
    made = runs.manifests(lake, run)
    needed = {"candidate": "tune", "base": "base-model", "prepared": "prepare", "evaluation": "evaluate"}
    needed["compliance"] = "comply"
    missing = [name for name in needed.values() if name not in made]
    if missing:
        raise Refused(f"The run has not made: {', '.join(missing)}", where=run, remedy="See: llmops audit show")
    inputs = {name: made[stage_name] for name, stage_name in needed.items()}
    manifest = stage.run(settings, lake, run_id=run, **inputs)
    emit(manifest.facts, f"{manifest.facts['repository']} {manifest.facts['version']} {manifest.facts['commit']}")


@app.command()
def rollback(
    to: str = typer.Option(None, help="The version to go to; without it, the newest fit one before the present one."),
    reason: str = typer.Option(..., help="Why; goes into the audit trail and the notice."),
) -> None:
    """Make another version the production one: verified, in one step, recorded and announced."""
    from pipeline.audit import open_audit
    from pipeline.lake import open_lake
    from pipeline.mail import tell_operators
    from pipeline.publish.rollback import rollback as move
    from pipeline.publish.store import ModelStore
    from pipeline.settings import load

    settings = load()
    lake = open_lake(settings.lake)
    audit = open_audit(settings, lake)
    key = settings.publish.verify_key
    done = move(ModelStore(settings), lake, audit, to=to, actor=getpass.getuser(), reason=reason, verify_key=key)
    told = tell_operators(settings, f"rolled back to {done.version}", done.text)
    note = "" if told else " [yellow]The notice could not be sent.[/]"
    data = {"production": done.version, "before": done.previous, "commit": done.commit, "announced": told}
    emit(data, f"Production is {done.version}, it was {done.previous}.{note}")


@app.command()
def verify(version: str = typer.Argument("production", help="v1, v2, … or production")) -> None:
    """Pull a version and compare every file with its release record, and with its signature when there is a key.

    Production is compared with what the audit trail says is there, too.
    """
    import tempfile
    from pathlib import Path

    from pipeline.audit import open_audit
    from pipeline.errors import Refused
    from pipeline.lake import open_lake
    from pipeline.publish.recorded import settled, standing
    from pipeline.publish.release import intact
    from pipeline.publish.store import ModelStore
    from pipeline.settings import load

    settings = load()
    store = ModelStore(settings)
    if version == store.alias:
        lake = open_lake(settings.lake)
        trail, astray = settled(store, lake, open_audit(settings, lake).trail)
        if astray:
            known = standing(trail, store.repository) is not None
            back = '; llmops models rollback --reason "…" puts it back' if known else ""
            raise Refused(
                astray[:1].upper() + astray[1:],
                where=store.url(),
                remedy=f"Find out who writes to the model store{back}",
            )
    with tempfile.TemporaryDirectory(prefix="llmops-verify-") as scratch:
        record = intact(store, store.commit_of(version) or version, Path(scratch), settings.publish.verify_key)
    signed = settings.publish.verify_key is not None
    data = {"version": record["version"], "files": len(record["files"]), "signature": signed}
    emit(data, f"{record['version']}: {len(record['files'])} files are as released{', signature holds' * signed}.")


def ask(
    question: str = typer.Argument(..., help="What a customer would ask."),
    page: str = typer.Option(None, help="Answer from this page."),
    context: str = typer.Option(None, help="Answer from this text."),
    allow_private: bool = typer.Option(False, help="Let --page lie on a private network."),
) -> None:
    """Ask the production model; without --page or --context it answers from the company's own rows."""
    from pipeline.lake import open_lake
    from pipeline.publish import ask as asking
    from pipeline.settings import load

    settings = load()
    source = "the given text"
    if page:
        context, source = asking.page_context(settings, page, question, allow_private=allow_private)
    elif not context:
        context, source = asking.repository_context(settings, open_lake(settings.lake), question)
    answered = asking.ask(settings, question, context=context, source=source)
    emit(
        {name: getattr(answered, name) for name in answered.__slots__},
        f"{literal(answered.answer)}\n\n[dim]Source: {literal(answered.source)} · {literal(answered.version)}[/]",
    )
