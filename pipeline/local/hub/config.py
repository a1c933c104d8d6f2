"""What a person may choose when starting the model store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True)
class HubConfig:
    """Where the store keeps its files, and its limits (sizes in bytes, times in seconds)."""

    root: Path
    part_size: int = 256 * MIB
    """A file above this goes up in parts of this size, each sent and retried on its own."""
    lfs_threshold: int = 10 * MIB
    """A file above this is an LFS object even when no pattern of `.gitattributes` says so."""
    max_file_size: int = 200 << 30
    max_commit_line: int = 16 * MIB
    """The longest line of a commit request: a regular file in base64, so at least 4/3 of `lfs_threshold`."""
    max_body: int = 8 * MIB
    """The longest body of any other request that is not a file."""
    page_size: int = 1000
    upload_lifetime: int = 24 * 3600
    """How long the signed upload addresses and the parts of an unfinished upload stay good."""
    uncommitted_lifetime: int = 7 * 24 * 3600
    """How long an uploaded object that no commit names is kept."""
    session_lifetime: int = 12 * 3600

    def __post_init__(self) -> None:
        """Refuse sizes that could not work together.

        Raises ValueError naming them.
        """
        if self.part_size < 1 or self.page_size < 1:
            raise ValueError("part_size and page_size must be at least 1")
        if self.max_commit_line * 3 < self.lfs_threshold * 4:
            raise ValueError("max_commit_line must hold a file of lfs_threshold bytes in base64")
