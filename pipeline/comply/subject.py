"""What is checked: a candidate with everything it came from, as far as it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pipeline.comply.policy import Policy
from pipeline.comply.probe import Probe
from pipeline.comply.rows import Rows
from pipeline.lake import Lake
from pipeline.manifest import Manifest, Output
from pipeline.records import UNKNOWN_LICENCE
from pipeline.settings import ComplySettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's folder; `output` is what its manifest promises, None for a folder that nobody vouches for."""

    folder: Path
    name: str
    output: Output | None = None

    def path(self, file: str) -> Path:
        """Return the place of a file in the folder."""
        return self.folder / file


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said to a probe; `finished` tells whether it ended its answer by itself."""

    text: str
    finished: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A held-out question with what each model answered in the evaluation."""

    question_id: str
    question: str
    context: str | None
    reference: str
    is_refusal: bool
    candidate: str
    base: str | None = None
    champion: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One thing that was asked and what candidate and base said, wherever it was asked."""

    context: str | None
    question: str
    candidate: str
    base: str | None
    origin: str

    @property
    def prompt(self) -> str:
        """Return everything that the model was given."""
        return f"{self.context or ''}\n{self.question}"


@dataclass(frozen=True, slots=True)
class Origin:
    """What is stated about the base model, and where it is stated."""

    name: str | None
    revision: str | None = None
    licence: str = UNKNOWN_LICENCE
    stated_by: str = "nobody"


@dataclass
class Subject:
    """Everything that a check may look at. Manifests are None outside the pipeline, where less can be proven.

    `is_base`: the candidate is a foundation model as its makers published it, before anything was learnt.
    """

    policy: Policy
    sampling: ComplySettings
    today: date
    candidate: ModelFiles
    base: ModelFiles | None
    origin: Origin
    rows: Rows
    root: Path
    held_out: Sequence[HeldOut] = ()
    manifests: dict[str, Manifest] = field(default_factory=dict)
    replies: dict[Probe, Reply] = field(default_factory=dict)
    base_replies: dict[Probe, Reply] = field(default_factory=dict)
    refusal_texts: Sequence[str] = ()
    asked: dict[Probe, tuple[str, str, bool]] = field(default_factory=dict)
    lake: Lake | None = None
    is_base: bool = False
    _worked_out: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, name: str, work: Callable[[], T]) -> T:
        """Return what `work` gives, worked out once for this subject: a check's probes and its judgement share it."""
        if name not in self._worked_out:
            self._worked_out[name] = work()
        found: T = self._worked_out[name]
        return found

    def manifest(self, name: str) -> Manifest | None:
        """Return the manifest of an input, None outside the pipeline."""
        return self.manifests.get(name)

    def reply(self, probe: Probe) -> Reply:
        """Return what the candidate said to a probe."""
        return self.replies[probe]

    def base_reply(self, probe: Probe) -> Reply | None:
        """Return what the base model said to a probe, None when there is no base model."""
        return self.base_replies.get(probe)

    def exchanges(self) -> Iterator[Exchange]:
        """Yield everything that was said: to the held-out questions and to every check's probes, each once."""
        for item in self.held_out:
            yield Exchange(item.context, item.question, item.candidate, item.base, "held-out question")
        for probe, reply in self.replies.items():
            if probe in self.asked:
                continue
            base = self.base_replies.get(probe)
            yield Exchange(probe.context, probe.question, reply.text, base.text if base else None, "probe")
