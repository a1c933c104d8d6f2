"""What a model folder's own card states."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

MAX_CARD = 1_000_000
_HEADER = re.compile(r"\A\ufeff?---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)


def card_header(folder: Path) -> dict[str, Any]:
    """Return the YAML header of a folder's README.md; empty when there is none or it cannot be read."""
    card = folder / "README.md"
    if not card.is_file() or card.is_symlink() or card.stat().st_size > MAX_CARD:
        return {}
    found = _HEADER.match(card.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        return {}
    try:
        header = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return {}
    return header if isinstance(header, dict) else {}


def stated_licence(folder: Path) -> str | None:
    """Return the licence that a folder's model card states, if any; the Hub's `other` goes with a name."""
    header = card_header(folder)
    licence = header.get("license")
    if licence == "other" and isinstance(header.get("license_name"), str):
        licence = header["license_name"]
    return licence if isinstance(licence, str) and licence.strip() else None
