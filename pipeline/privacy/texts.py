"""Taking a subject out of JSON documents and other text: records go whole, names and passages are replaced."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.privacy.subject import ERASED, Subject, replaced


@dataclass(frozen=True)
class Eraser:
    """Knows a subject's names, the ids of its rows, and what of it is replaced in running text."""

    subject: Subject
    ids: frozenset[str]
    passages: tuple[str, ...]

    @classmethod
    def of(cls, subject: Subject, ids: set[str], passages: set[str]) -> Eraser:
        """Make an eraser; longer passages are replaced first, since they may hold shorter ones."""
        return cls(subject, frozenset(ids), tuple(sorted(passages | ids, key=lambda text: (-len(text), text))))

    def erased(self, name: str, body: bytes) -> bytes:
        """Return an object's content without the subject; the same bytes when there was nothing of it."""
        text = body.decode("utf-8", "surrogateescape")
        if name.endswith(".jsonl"):
            lines = [self._json_line(line) for line in text.splitlines()]
            new = "".join(f"{line}\n" for line in lines if line is not None)
        elif name.endswith(".json"):
            new = self._json(text)
        else:
            new = self._plain(text)
        return body if new.strip() == text.strip() else new.encode("utf-8", "surrogateescape")

    def value(self, value: Any) -> Any:
        """Return a JSON value without the subject: entries of lists that are its records go, strings are redacted."""
        if isinstance(value, str):
            return self._plain(value) if value not in self.ids else ERASED
        if isinstance(value, list):
            return [self.value(item) for item in value if not self._is_record(item)]
        if isinstance(value, dict):
            return {self._plain(key): self.value(item) for key, item in value.items() if key not in self.ids}
        return value

    def _is_record(self, item: Any) -> bool:
        """Tell whether an entry of a list is the subject's own: an id, or a record that carries one of its ids."""
        if isinstance(item, str):
            return item in self.ids
        return isinstance(item, dict) and any(isinstance(value, str) and value in self.ids for value in item.values())

    def _json(self, text: str) -> str:
        try:
            value = json.loads(text)
        except ValueError:
            return self._plain(text)
        new = self.value(value)
        return text if new == value else json.dumps(new, ensure_ascii=False, indent=1)

    def _json_line(self, line: str) -> str | None:
        try:
            value = json.loads(line)
        except ValueError:
            return self._plain(line)
        if self._is_record(value):
            return None
        new = self.value(value)
        return line if new == value else json.dumps(new, ensure_ascii=False)

    def _plain(self, text: str) -> str:
        return self.subject.redacted(replaced(text, self.passages))


def texts_of(body: bytes) -> Sequence[str]:
    """Return the readings of a payload in which a subject could be named: as UTF-8, Latin-1 or UTF-16, and as JSON."""
    found = [body.decode("utf-8", "replace")]
    if b"\x00" in body[:200]:
        found.append(body.decode("utf-16", "replace"))
    elif "\ufffd" in found[0]:
        found.append(body.decode("latin-1"))
    try:
        found.append(json.dumps(json.loads(body), ensure_ascii=False))
    except ValueError:
        return found
    return found
