"""What a source is: a small class that yields documents, each with its rows and what had to be set aside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.records import SetAside

Status = Literal["changed", "unchanged", "gone", "failed"]
ConfigT = TypeVar("ConfigT")


@dataclass(slots=True)
class Document:
    """The unit of incremental collection: a page, a ticket, a table file.

    `status` "changed": `batches` are its rows now (they replace the earlier ones); "unchanged": the earlier rows stay
    and `batches` is empty; "gone": the earlier rows are retired; "failed": it could not be read this time, the earlier
    rows stay and `set_aside` says why. `validators` is whatever the source wants back at the next run (ETag, hash, …).
    """

    document_id: str
    status: Status
    validators: Mapping[str, Any] = field(default_factory=dict)
    batches: Iterable[pa.RecordBatch] = ()
    set_aside: list[SetAside] = field(default_factory=list)


@dataclass(slots=True)
class SourceState:
    """What the previous run of this source left behind: `documents` by id with their validators, and a checkpoint."""

    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    checkpoint: dict[str, Any] = field(default_factory=dict)


class Landing(ABC):
    """Where raw payloads go, unchanged, before anything is read out of them."""

    @abstractmethod
    def land(self, name: str, body: bytes, metadata: Mapping[str, Any]) -> str:
        """Keep a payload with its request metadata (URL, status, headers without secrets) and return its URI."""


class Source(ABC, Generic[ConfigT]):
    """One configured source. Subclasses set `kind`, which is also the `kind` in the settings file."""

    kind: ClassVar[str]

    def __init__(self, config: ConfigT, *, user_agent: str = "llmops-pipeline") -> None:
        """Keep the configuration; open nothing yet."""
        self.config = config
        self.user_agent = user_agent

    @abstractmethod
    def documents(self, state: SourceState, landing: Landing) -> Iterator[Document]:
        """Yield every document once; update `state.checkpoint` for the next run.

        When `complete` is true after the last document, earlier documents that were not yielded are retired.
        Raises SourceError only when the source as a whole cannot be read.
        """

    complete: bool = True
