"""`llmops audit …`: the trail shown, verified and reported."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.errors import LakeError, PipelineError

if TYPE_CHECKING:
    from pipeline.audit import AuditLog
    from pipeline.audit.records import Head
    from pipeline.lake import Lake
    from pipeline.settings import Settings

app = typer.Typer(help="The tamper-evident record of every decision.", no_args_is_help=True)
COLOURS = {"good": "green", "bad": "red"}
_WITNESS = re.compile(r"^(\d+):([0-9a-f]{64})$")


@app.command()
def show(
    run: str | None = typer.Option(None, help="Only this run."),
    event: str | None = typer.Option(None, help="Only this kind of event, such as published."),
    last: int | None = typer.Option(None, min=1, help="Only so many records from the end."),
) -> None:
    """List the records, oldest first."""
    from pipeline.audit.sentences import describe
    from pipeline.console import emit

    _, _, audit = _open()
    found = [
        record
        for record in audit.records()
        if (run is None or record.of_run(run)) and (event is None or record.event == event)
    ]
    found = found[-last:] if last else found
    table = Table("record", "when", "run", "who", "what")
    for record in found:
        text, tone = describe(record)
        what = f"[{COLOURS[tone]}]{escape(text)}[/]" if tone else escape(text)
        when = record.at.isoformat(timespec="seconds")
        table.add_row(str(record.number), when, escape(record.run_id or ""), escape(record.actor), what)
    emit([record.model_dump(mode="json") for record in found], table if found else "Nothing is recorded.")


@app.command()
def verify(
    witness: list[str] = typer.Option([], help="A head kept elsewhere, as NUMBER:HASH (model cards carry one)."),
    store: bool = typer.Option(True, help="Compare with the heads in the releases of the model store."),
) -> None:
    """Check that no record was edited, removed, reordered, added or cut off. Exit code 1 when one was."""
    from pipeline.console import emit

    settings, _, audit = _open()
    heads, names, note = _witnesses(settings, audit, witness, store)
    trail = audit.trail(tuple(heads))
    faults, head = trail.faults, None if trail.faults else trail.head
    data = {
        "holds": not faults,
        "faults": [fault.model_dump() for fault in faults],
        "head": head.model_dump() if head else None,
        "signed": trail.signed,
        "witnesses": names,
        "note": note,
    }
    if not faults and head is not None:
        signed = "signatures checked" if data["signed"] else "no signing key, so signatures were not checked"
        compared = f"compared with {', '.join(names)}" if names else "compared with no copy kept elsewhere"
        emit(data, f"The trail holds: {head.number} records, {signed}, {compared}.{f' {note}' if note else ''}")
        return
    emit(data, "\n".join(f"Record {fault.number}: {fault.problem}" for fault in faults))
    raise LakeError(
        f"The audit trail does not hold: {len(faults)} fault(s), the first at record {faults[0].number}",
        where=settings.lake.uri,
        remedy="Nothing can be published on it; find out who writes to the lake and restore the trail from a copy",
    )


@app.command()
def report(
    out: Path = typer.Option(Path("audit-report.html"), help="Where the page goes."),
    run: str | None = typer.Option(None, help="Only this run; the verification covers the whole trail."),
    witness: list[str] = typer.Option([], help="A head kept elsewhere, as NUMBER:HASH."),
    store: bool = typer.Option(True, help="Compare with the heads in the releases of the model store."),
) -> None:
    """Write the trail as a page that needs no explanation."""
    from pipeline.audit import report as audit_report
    from pipeline.console import emit

    settings, lake, audit = _open()
    heads, names, note = _witnesses(settings, audit, witness, store)
    found = audit.trail(tuple(heads))
    faults = list(found.faults)
    trail = audit_report.build(lake, found.records, faults, found.head, signed=found.signed, witnesses=names, run=run)
    if run is not None and not trail.chapters:
        raise PipelineError("The trail knows no such run", where=run, remedy="See: llmops audit show")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(audit_report.to_html(trail), encoding="utf-8", errors="replace")
    data = {"report": str(out), "holds": not faults, "records": trail.records, "note": note}
    state = "holds" if not faults else f"does not hold ({len(faults)} faults)"
    emit(data, f"{out}: {trail.records} records, the trail {state}.{f' {note}' if note else ''}")


@app.command()
def rotate(
    by: str = typer.Option(..., "--by", help="Who changes the key; goes into the trail."),
    witness: list[str] = typer.Option([], help="A head kept elsewhere, as NUMBER:HASH."),
    store: bool = typer.Option(True, help="Compare with the heads in the releases of the model store."),
) -> None:
    """Hand the trail over to a new signing key; the one before it must be among audit.retired_keys."""
    from pipeline.console import emit

    settings, _, audit = _open()
    heads, names, note = _witnesses(settings, audit, witness, store)
    record = audit.hand_over(by, tuple(heads))
    if record is None:
        emit({"changed": False}, "The present key signs the trail already; nothing was changed.")
        return
    compared = f"compared with {', '.join(names)}" if names else "compared with no copy kept elsewhere"
    text = f"Record {record.number}: the key {record.data['to']} took over from {record.data['from']}, {compared}."
    emit({"changed": True, "record": record.number, **record.data, "witnesses": names, "note": note}, text)


def _open() -> tuple[Settings, Lake, AuditLog]:
    from pipeline.audit import open_audit
    from pipeline.lake import open_lake
    from pipeline.settings import load

    settings = load()
    lake = open_lake(settings.lake)
    return settings, lake, open_audit(settings, lake)


def _witnesses(settings: Settings, audit: AuditLog, given: list[str], store: bool) -> tuple[list[Head], list[str], str]:
    """Return the heads that were kept elsewhere, what to call them, and why some could not be had."""
    from pipeline.audit.records import Head

    heads, names, note = [], [], ""
    for text in given:
        found = _WITNESS.match(text)
        if found is None:
            raise PipelineError("A witness is not written as NUMBER:HASH", where=text[:90])
        heads.append(Head(number=int(found[1]), hash=found[2]))
        names.append(f"record {found[1]}, given by hand")
    if store:
        from pipeline.publish.recorded import published
        from pipeline.publish.store import ModelStore
        from pipeline.publish.witnesses import released_heads

        known = published(audit.trail(), settings.publish.repository)
        try:
            for name, head in released_heads(ModelStore(settings), known):
                heads.append(head)
                names.append(f"the release {name}")
        except PipelineError as problem:
            note = f"The model store could not be asked for its copies: {problem.what}."
    return heads, names, note
