"""Trials in the lake: each written when it ends, by the point it tried, so that a killed search finds them again.

The best trial's weights become the candidate, so each record names what was learnt by its SHA-256, under a seal.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.manifest import digest_of
from pipeline.model_folder import file_digest
from pipeline.seals import Seal
from pipeline.train.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from pydantic import SecretStr

log = get_logger(__name__)
RECORD = "trial.json"


@dataclass(frozen=True)
class Trial:
    """What was tried and what came of it. `loss` is the best validation loss, in nats a token.

    `curve` holds pairs of the examples seen until then and the validation loss. `failed` says why there is no
    loss (it is infinite then); a configuration that failed is not tried again within its search. `forgetting` is there
    when the settings name an earlier run.
    """

    name: str
    hyperparameters: dict[str, Any]
    loss: float
    initial_loss: float
    steps: int
    planned_steps: int
    best_step: int
    stopped: str | None = None
    curve: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    failed: str | None = None
    forgetting: dict[str, Any] | None = None

    def steady(self) -> dict[str, Any]:
        """Return the trial as strict JSON values, without its duration, which differs from run to run."""
        values = {name: value for name, value in asdict(self).items() if name != "seconds"}
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }


def name_of(hyper: Hyperparameters) -> str:
    """Return the name of the trial of a configuration: the same for equal configurations."""
    return digest_of(hyper.to_json())[:16]


class TrialStore:
    """The finished trials of one search, below `prefix`."""

    def __init__(self, lake: Lake, prefix: str, key: SecretStr | None = None) -> None:
        """Trials are found again by whoever has the same prefix: it holds the key of the search.

        `key` is the signing key of the audit trail, if there is one.
        """
        self.lake = lake
        self.prefix = prefix
        self.key = key
        self._seal = Seal("trials", key)

    def place(self, name: str) -> str:
        """Return where a trial lies."""
        return f"{self.prefix}/trial-{name}"

    def find(self, name: str) -> Trial | None:
        """Return a finished trial, or None; a record that is damaged, or whose seal does not fit, counts as none."""
        found = self._record(name)
        return None if found is None else found[0]

    def keep(self, trial: Trial, learnt: Path | None) -> None:
        """Write what a trial learnt, and its record last; a failed trial learnt nothing."""
        files = {}
        if learnt is not None:
            files = _digests(learnt)
            self.lake.upload_folder(learnt, f"{self.place(trial.name)}/learnt")
        body = json.dumps({"trial": asdict(trial), "learnt": files}, sort_keys=True)
        record = {"body": body, "seal": self._seal.over(self._sealed_place(trial.name), body.encode())}
        self.lake.write(f"{self.place(trial.name)}/{RECORD}", json.dumps(record).encode())

    def fetch(self, name: str, folder: Path) -> Path:
        """Bring what a trial learnt into a folder. Raises LakeError when it is gone or is not what was written."""
        place = f"{self.place(name)}/learnt"
        self.lake.download_folder(place, folder)
        if not folder.is_dir():
            raise LakeError("What the best trial learnt is gone from the lake", where=self.place(name))
        found = self._record(name)
        if found is None or _digests(folder) != found[1]:
            raise LakeError(
                "What the best trial learnt is not what it wrote",
                where=place,
                remedy="Find out who writes to the lake; delete this folder, and the search tries the trial again",
            )
        return folder

    def _record(self, name: str) -> tuple[Trial, dict[str, str]] | None:
        found = self.lake.read_tagged(f"{self.place(name)}/{RECORD}")
        if found is None:
            return None
        try:
            record = json.loads(found[0])
            if not self._seal.fits(record["seal"], self._sealed_place(name), record["body"].encode()):
                raise ValueError("its seal does not fit")
            body = json.loads(record["body"])
            curve = [(int(x), float(y)) for x, y in body["trial"]["curve"]]
            return Trial(**{**body["trial"], "curve": curve}), dict(body["learnt"])
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            log.warning("a trial's record cannot be used; it is tried again", trial=name, cause=str(problem))
            return None

    def _sealed_place(self, name: str) -> str:
        return f"{self.lake.key(self.prefix)}/{name}" if self.prefix else name

    def finished(self) -> list[Trial]:
        """Return all finished trials."""
        names = [
            info.uri[len(self.prefix) + 1 :].split("/")[0].removeprefix("trial-")
            for info in self.lake.objects(self.prefix)
            if info.uri.endswith(RECORD)
        ]
        return [trial for name in sorted(names) if (trial := self.find(name))]

    def forget_failures(self) -> None:
        """Let the next attempt try again what failed."""
        self.lake.delete([f"{self.place(trial.name)}/{RECORD}" for trial in self.finished() if trial.failed])

    def clear(self) -> None:
        """Remove everything."""
        self.lake.delete([info.uri for info in self.lake.objects(self.prefix)])


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a folder by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
