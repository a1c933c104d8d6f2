"""What a source is: a small class that yields documents, each with its rows and what had to be set aside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.records import SetAside
    from pipeline.settings import Settings

Status = Literal["changed", "unchanged", "gone", "failed"]
ConfigT = TypeVar("ConfigT")


@dataclass(slots=True)
class Document:
    """The unit of incremental collection: a page, a ticket, a table file.

    `status` "changed": `batches` are its rows now (they replace the earlier ones); "unchanged": the earlier rows stay
    and `batches` is empty; "gone": the earlier rows are retired; "failed": it could not be read this time, the earlier
    rows stay and `set_aside` says why. `validators` is whatever the source wants back at the next run (ETag, hash, …);
    those of a failed document are ignored, because its earlier rows still belong to the earlier ones, of which
    `url` (where it is looked for), `content` and `duplicate_of` (what its rows say, and who says the same) stay.

    A batch holds rows or set-aside rows, told apart by its schema. Reading the batches may raise `Unreadable`: what
    came before is dropped and the document counts as failed, so a half-read document is never published.
    """

    document_id: str
    status: Status
    validators: Mapping[str, Any] = field(default_factory=dict)
    batches: Iterable[pa.RecordBatch] = ()
    set_aside: list[SetAside] = field(default_factory=list)


class Unreadable(Exception):
    """A document that turned out to be unreadable while its rows were being read."""

    def __init__(self, reason: str, detail: str | None = None) -> None:
        """Keep the reason, a short category, apart from its detail."""
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(slots=True)
class SourceState:
    """What the previous run of this source left behind: `documents` by id with their validators, and a checkpoint.

    `now` is the moment of this run, the same again when a killed run is repeated: use it for `collected_at`, and for
    `updated_at` when the source does not say when a row was last changed.
    """

    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    checkpoint: dict[str, Any] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


class Landing(ABC):
    """Where raw payloads go, unchanged, before anything is read out of them."""

    @abstractmethod
    def land(self, name: str, body: bytes, metadata: Mapping[str, Any]) -> str:
        """Keep a payload with its request metadata (URL, status, headers without secrets) and return its URI."""

    def land_file(self, name: str, file: Path, metadata: Mapping[str, Any]) -> str:
        """Keep a local file the same way; overridden where it can be streamed instead of read whole."""
        return self.land(name, file.read_bytes(), metadata)


class Source(ABC, Generic[ConfigT]):
    """One configured source. Subclasses set `kind`, which is also the `kind` in the settings file."""

    kind: ClassVar[str]
    complete: bool = True

    def __init__(self, config: ConfigT, *, user_agent: str = "llmops-pipeline") -> None:
        """Keep the configuration; open nothing yet."""
        self.config = config
        self.user_agent = user_agent
        self.warnings: list[str] = []
        """What a person should know about this run that belongs to no single document (schema drift, …)."""

    @classmethod
    def from_settings(cls, config: ConfigT, settings: Settings) -> Self:
        """Make the source as a run does; overridden by sources that need more of the settings."""
        return cls(config, user_agent=settings.collect.user_agent)

    @abstractmethod
    def documents(self, state: SourceState, landing: Landing) -> Iterator[Document]:
        """Yield every document once; update `state.checkpoint` for the next run.

        When `complete` is true after the last document, earlier documents that were not yielded are retired.
        Raises SourceError only when the source as a whole cannot be read.
        """
