"""The collect stage: one source, incrementally, into one immutable dataset of question/answer rows."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.collect import state
from pipeline.collect.landing import LakeLanding
from pipeline.collect.merge import Merge, Outcome
from pipeline.collect.output_rows import OutputRows
from pipeline.collect.parts import Parts, write_parts
from pipeline.collect.registry import source_class
from pipeline.collect.source import Document, Landing, Source, SourceState, Unreadable
from pipeline.collect.spill import Spill
from pipeline.errors import SettingsError, SourceError
from pipeline.log import get_logger
from pipeline.manifest import Manifest, digest_of
from pipeline.records import SCHEMA, SET_ASIDE_SCHEMA, UNKNOWN_LICENCE, SetAside
from pipeline.stage import Attempt, code_version, run_stage

if TYPE_CHECKING:
    from pipeline.lake import Lake
    from pipeline.settings import Settings, SourceSettings

log = get_logger(__name__)
MASS_RETIREMENT = 0.5
"""Above this share of the earlier rows, retirement is more likely a broken source than a clean-up: people are told."""


def run(
    settings: Settings, lake: Lake, *, run_id: str, source: str, progress: Callable[[Document], None] | None = None
) -> Manifest:
    """Collect one configured source and return its manifest.

    Outputs: `rows` (`records.SCHEMA`), `set_aside`, `documents` (what the next run needs to know). Repeating a run
    that was killed gives the same bytes; a run that finds nothing changed takes over the previous outputs. Raises
    SettingsError for an unknown name, SourceError when the source as a whole cannot be read.
    """
    config = configured(settings, source)
    landing = LakeLanding(lake, source, run_id)
    manifest = collect(settings, lake, config, run_id=run_id, landing=landing, progress=progress)
    state.save(lake, source, manifest)
    return manifest


def configured(settings: Settings, name: str) -> SourceSettings:
    """Return a source's settings; raises SettingsError when the name is missing or used twice."""
    names = Counter(source.name for source in settings.collect.sources)
    if names[name] != 1:
        raise SettingsError(
            f"There are {names[name]} sources named {name}",
            where="collect.sources",
            remedy=f"Every source needs a name of its own; configured: {', '.join(sorted(names)) or 'none'}",
        )
    return next(source for source in settings.collect.sources if source.name == name)


def collect(
    settings: Settings,
    lake: Lake,
    config: SourceSettings,
    *,
    run_id: str,
    landing: Landing,
    progress: Callable[[Document], None] | None = None,
) -> Manifest:
    """Collect a source that need not be configured; the previous run is looked up but not replaced."""
    parameters = config.model_dump(mode="json", exclude={"enabled"})
    packages = ("collect", "charsets", "file_encoding", "latin")
    fingerprint = digest_of({"config": parameters, "code": code_version(*packages)})
    kind = str(parameters["kind"])

    def work(attempt: Attempt) -> None:
        previous = state.load(lake, config.name, fingerprint)
        now = _moment(lake, config.name, run_id)
        source = source_class(kind).from_settings(config, settings)
        Collection(source, lake, landing, previous, now, progress).into(attempt)
        attempt.facts |= {
            "source": config.name,
            "kind": kind,
            "licence": config.licence,
            "fingerprint": fingerprint,
            "collected_at": now.isoformat(),
        }
        if config.licence == UNKNOWN_LICENCE:
            attempt.warn(f"The source {config.name} states no licence; its rows are marked {UNKNOWN_LICENCE}")

    return run_stage(
        lake, f"collect-{config.name}", work, run_id=run_id, parameters=parameters, packages=packages, fresh=True
    )


@dataclass(slots=True)
class Collection:
    """One collection of one source."""

    source: Source[Any]
    lake: Lake
    landing: Landing
    previous: state.Previous
    now: datetime
    progress: Callable[[Document], None] | None = None

    def into(self, attempt: Attempt) -> None:
        """Read every document and write the attempt's outputs, counts, facts and warnings."""
        known = {name: document.validators for name, document in self.previous.documents.items()}
        comparable = self.previous.comparable
        given = SourceState(
            documents=known if comparable else {},
            checkpoint=dict(self.previous.checkpoint) if comparable else {},
            now=self.now,
        )
        with tempfile.TemporaryDirectory(prefix="llmops-collect-") as folder, Spill(Path(folder)) as spill:
            outcomes = self._outcomes(given, spill)
            spill.finish()
            statuses = Counter(outcome.document.status for outcome in outcomes.values())
            for warning in self.source.warnings:
                attempt.warn(warning)
            attempt.facts |= {"documents": dict(sorted(statuses.items())), "checkpoint": given.checkpoint}
            if self._nothing_changed(outcomes):
                self._keep(outcomes, attempt)
            else:
                attempt.counts.rows_in = self._given(outcomes)
                self._write(Merge(self.lake, self.previous, spill, outcomes), attempt)

    def _outcomes(self, given: SourceState, spill: Spill) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        for document in self.source.documents(given, self.landing):
            outcomes[document.document_id] = self._outcome(document, spill)
            if self.progress:
                self.progress(document)
        if self.source.complete:
            for name in self.previous.documents.keys() - outcomes.keys():
                outcomes[name] = Outcome(Document(name, "gone"))
        failed = [outcome for outcome in outcomes.values() if outcome.document.status == "failed"]
        if failed and len(failed) == len(outcomes):
            first = failed[0].failures[0] if failed[0].failures else None
            raise SourceError(
                f"None of the {len(failed)} documents of {self.source.config.name} could be read"
                + (f"; the first: {first.reason}{f' ({first.detail})' if first.detail else ''}" if first else ""),
                where=failed[0].document.document_id,
                remedy="Check that the source is up and fits its settings, then run again; earlier rows stay",
            )
        return outcomes

    def _outcome(self, document: Document, spill: Spill) -> Outcome:
        if document.status == "failed":
            return Outcome(document, failures=document.set_aside)
        if document.status != "changed":
            return Outcome(document)
        try:
            return Outcome(document, spilled=spill.add(document.batches))
        except Unreadable as problem:
            log.warning("a document is unreadable", document=document.document_id, reason=problem.reason)
            document.status = "failed"
            reason = SetAside(
                stage="collect",
                reason=problem.reason,
                detail=problem.detail,
                data_source=self.source.config.name,
                provenance=document.document_id,
            )
            return Outcome(document, failures=[reason])

    def _nothing_changed(self, outcomes: dict[str, Outcome]) -> bool:
        """Tell whether the previous rows and what was set aside are this run's too."""
        documents = self.previous.documents
        return (
            self.previous.manifest is not None
            and outcomes.keys() <= documents.keys()
            and all(outcome.document.status == "unchanged" for outcome in outcomes.values())
            and not any(document.failures for document in documents.values())
        )

    def _keep(self, outcomes: dict[str, Outcome], attempt: Attempt) -> None:
        """Take over the previous outputs; only the state is written anew, and only when validators moved."""
        manifest = self.previous.manifest
        assert manifest is not None
        attempt.keep("rows", manifest.output("rows"))
        attempt.keep("set_aside", manifest.output("set_aside"))
        states = list(self.previous.documents.values())
        fresh = {name: state.plain(outcome.document.validators) for name, outcome in outcomes.items()}
        if all(fresh.get(known.document_id, known.validators) == known.validators for known in states):
            attempt.keep("documents", manifest.output("documents"))
        else:
            moved = (replace(known, validators=fresh.get(known.document_id, known.validators)) for known in states)
            self._write_states(moved, attempt)
        attempt.counts = manifest.counts.model_copy(deep=True)
        attempt.facts["rows"] = {"new": 0, "unchanged": manifest.output("rows").rows or 0, "retired": 0}

    def _given(self, outcomes: dict[str, Outcome]) -> int:
        """Count what the source gave, before it is written: new rows, what was set aside, and what stays."""
        total = 0
        for name in self.previous.documents.keys() | outcomes.keys():
            outcome, before = outcomes.get(name), self.previous.documents.get(name)
            if before and (outcome is None or outcome.document.status in ("unchanged", "failed")):
                total += before.rows + before.set_aside + (0 if outcome else before.failures)
            if outcome:
                spilled = outcome.spilled
                total += len(outcome.failures) + (spilled.rows + spilled.set_aside if spilled else 0)
                total += len(outcome.document.set_aside) if outcome.document.status in ("changed", "gone") else 0
        return total

    def _write(self, merge: Merge, attempt: Attempt) -> None:
        parts = Parts(self.lake, attempt.uri("rows"), SCHEMA)
        earlier = OutputRows(self.lake, self.previous.manifest, "rows")
        for segment in merge.segments(earlier):
            parts.write(segment.batches)
            parts.rows += segment.rows
            for file in segment.carried:
                attempt.carry(earlier.address(file), parts.place(), file)
        attempt.rows["rows"] = parts.finish()
        attempt.rows["set_aside"] = write_parts(
            self.lake, attempt.uri("set_aside"), merge.set_aside(), SET_ASIDE_SCHEMA
        )
        self._write_states((merge.states[name] for name in sorted(merge.states)), attempt)
        totals = merge.totals
        attempt.counts.rows_out = attempt.rows["rows"]
        attempt.set_aside(totals.reasons)
        attempt.facts["rows"] = {"new": totals.new, "unchanged": totals.kept, "retired": totals.retired}
        before = self.previous.manifest.output("rows").rows if self.previous.manifest else None
        if before and totals.retired > MASS_RETIREMENT * before:
            attempt.warn(
                f"{totals.retired} of the {before} earlier rows of {self.source.config.name} are gone; "
                "check that the source is whole before a model is published from this run"
            )

    def _write_states(self, states: Iterable[state.DocumentState], attempt: Attempt) -> None:
        attempt.rows["documents"] = write_parts(
            self.lake, attempt.uri("documents"), state.to_batches(states), state.DOCUMENTS_SCHEMA
        )


def _moment(lake: Lake, source: str, run_id: str) -> datetime:
    """Return when this run first began, so that repeating it after a kill writes the same times."""
    uri = LakeLanding(lake, source, run_id).prefix + "/run.json"
    lake.put_if_absent(uri, json.dumps({"started_at": datetime.now(UTC).isoformat()}).encode())
    return datetime.fromisoformat(json.loads(lake.read(uri))["started_at"])
