"""One family of errors whose messages are written for people: what went wrong, where, and what to do about it."""

from __future__ import annotations

from pipeline.scrubbing import shown, without_secrets

DONE = 0
FAILED = 1
REFUSED = 2


class PipelineError(Exception):
    """Something that a person can understand and mend.

    `what` says what is wrong, `where` names the file, URL, setting or row, and `remedy` says what to do. Passwords and
    keys that a client's message or an address carries are left out.
    """

    exit_code = FAILED

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        """Keep the three parts apart so that the command line and the UI can show them as they like."""
        self.what = without_secrets(what)
        self.where = shown(where) if where else where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = self.what.rstrip(".")
        if self.where:
            text += f" ({self.where})"
        text += "."
        if self.remedy:
            text += f" {self.remedy.rstrip('.')}."
        return text

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip from a Spark or Airflow worker process."""
        return (_rebuild, (type(self), self.what, self.where, self.remedy))


def _rebuild(kind: type[PipelineError], what: str, where: str | None, remedy: str | None) -> PipelineError:
    return kind(what, where=where, remedy=remedy)


class SettingsError(PipelineError):
    """The configuration is missing, malformed or contradicts itself."""


class SourceError(PipelineError):
    """A source of data cannot be read at all (a single bad row or page is set aside instead)."""


class LakeError(PipelineError):
    """The object store refused a call or holds something other than what a manifest promises."""


class QualityError(PipelineError):
    """The data broke an expectation whose threshold stops the run."""


class TrainingError(PipelineError):
    """Training cannot start or go on."""


class StoreError(PipelineError):
    """The model store cannot be reached or refused a call."""


class ServiceError(PipelineError):
    """An embedded service or Airflow did not start or does not answer."""


class Refused(PipelineError):
    """A gate, a policy or a reviewer said no. Trying again will not help, so nothing retries it."""

    exit_code = REFUSED
