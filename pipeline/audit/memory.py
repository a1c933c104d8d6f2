"""A machine's own copy of the trail's head, kept where a writer of the lake cannot reach it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pipeline.audit.records import Head
from pipeline.log import get_logger

log = get_logger(__name__)


class HeadMemory:
    """The newest head that this machine has written, in a file; without a file nothing is remembered."""

    def __init__(self, file: Path | None) -> None:
        """Touch nothing yet."""
        self._file = file

    def known(self) -> tuple[Head, ...]:
        """Return the head, or nothing when there is none or its file is damaged."""
        if self._file is None or not self._file.is_file():
            return ()
        try:
            return (Head.model_validate_json(self._file.read_bytes()),)
        except ValueError:
            log.warning("this machine's copy of the audit head is damaged and was left out", file=str(self._file))
            return ()

    def keep(self, head: Head) -> None:
        """Remember a head unless a newer one is known; a disk that refuses does not stop what was recorded."""
        if self._file is None or any(known.number >= head.number for known in self.known()):
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(head.model_dump_json())
            Path(name).replace(self._file)
        except OSError as problem:
            log.warning("the audit head could not be kept on this machine", cause=str(problem))
