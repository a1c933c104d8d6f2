"""What is put into an address."""

from __future__ import annotations

from urllib.parse import quote


def in_path(name: str) -> str:
    """Return an id or key as a part of a path, even with lone surrogates, which JSON can spell but no address."""
    return quote(name, safe="-", errors="replace")
