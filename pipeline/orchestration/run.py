"""A run at work inside an Airflow task: settings, lake and audit trail, and errors as Airflow wants them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from pipeline import lineage, log
from pipeline.audit import open_audit
from pipeline.audit.records import Record
from pipeline.errors import LakeError, PipelineError, Refused, SettingsError
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.orchestration import runs
from pipeline.review.evidence import STAGE_COMPLETED, STAGE_MADE, completed, tells_of
from pipeline.scrubbing import scrub
from pipeline.settings import Settings, load
from pipeline.witness import witnessed

P = ParamSpec("P")
R = TypeVar("R")


def for_airflow(function: Callable[P, R]) -> Callable[P, R]:
    """Give a task its logger, and turn the pipeline's errors into Airflow's without a wall of traceback."""

    @functools.wraps(function)
    def wrapper(*arguments: P.args, **keywords: P.kwargs) -> R:
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        log.configure_for_airflow()
        try:
            return function(*arguments, **keywords)
        except (Refused, SettingsError) as problem:
            raise AirflowFailException(str(problem)) from None
        except PipelineError as problem:
            scrub(problem)
            raise AirflowException(str(problem)) from problem
        except Exception as problem:
            scrub(problem)  # Airflow writes the traceback into the task's log
            raise

    return wrapper


class Run:
    """A run at work: its settings (with what was asked for at its trigger), its lake and its audit trail."""

    def __init__(self, run_id: str, overrides: dict[str, Any] | None = None) -> None:
        """Read settings and open the lake."""
        self.id = run_id
        self.settings: Settings = load(**(overrides or {}))
        self.lake: Lake = open_lake(self.settings.lake)
        self.audit = open_audit(self.settings, self.lake)
        self._read: dict[int, Record] = {}
        witnessed(self.lake, self)

    def manifest(self, uri: str) -> Manifest:
        """Load an input that a task builds on, with all that it says: its files, facts, parameters and counts.

        Raises Refused for one that nobody recorded making: whoever writes to the lake could state a licence in it, or
        the place of a local file.
        """
        manifest = load_manifest(self.lake, uri)
        if not self.knows(manifest):
            raise Refused(
                f"The audit trail does not know this {manifest.stage}: nobody recorded making exactly this manifest",
                where=uri,
                remedy="Find out who writes to the lake; delete the manifest and start a new run, which makes it again",
            )
        return manifest

    def done(self, manifest: Manifest) -> str:
        """Record a stage's manifest and return its URI; raises LakeError for one that nobody recorded making."""
        self.accepted(manifest)
        runs.note(self.lake, self.id, manifest)
        lineage.emit(self.settings.lineage, self.lake.root, manifest)
        self.audit.append(
            STAGE_COMPLETED,
            actor="pipeline",
            run_id=self.id,
            subject=manifest.digest,
            data=completed(manifest),
        )
        return manifest.uri

    def accepted(self, manifest: Manifest) -> Manifest:
        """Return what a stage made, or found that somebody made.

        Raises LakeError for one that was found although nobody recorded making it: a command by hand left it there, or
        somebody who should not. It is taken away, and the next try makes it.
        """
        if manifest.cached and not self.knows(manifest):
            self.lake.delete([manifest.uri])
            raise LakeError(
                f"{manifest.stage} was found finished, but nobody recorded making it",
                where=manifest.uri,
                remedy="It was taken away; the task works again when it is tried again",
            )
        return manifest

    def knows(self, manifest: Manifest) -> bool:
        """Tell whether the trail tells of exactly this manifest.

        A record counts that is signed, wherever it stands. That is not the decision, which reads and verifies the
        whole trail: it keeps a run from building on what will not count.
        """
        records = self.audit.newest_first(self._read)
        return any(tells_of(record, manifest) and self.audit.genuine(record) for record in records)

    def saw(self, manifest: Manifest) -> None:
        """Record that a stage is made."""
        self.audit.append(
            STAGE_MADE, actor="pipeline", run_id=self.id, subject=manifest.digest, data=completed(manifest)
        )


def inside_task(run_id: str) -> Run:
    """Return a run for code of a task that no `for_airflow` is around: an operator of its own."""
    log.configure_for_airflow()
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    return Run(run_id)
