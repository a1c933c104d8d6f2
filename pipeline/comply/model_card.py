"""What a model folder's own card states."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

MAX_CARD = 1_000_000
_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)


def card_header(folder: Path) -> dict[str, Any]:
    """Return the YAML header of a folder's README.md; empty when there is none or it cannot be read."""
    card = folder / "README.md"
    if not card.is_file() or card.is_symlink() or card.stat().st_size > MAX_CARD:
        return {}
    text = card.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")
    begin = _FENCE.match(text)
    end = begin and _FENCE.search(text, begin.end())
    if begin is None or end is None:
        return {}
    try:
        header = yaml.safe_load(text[begin.end() : end.start()])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def stated_licence(folder: Path) -> str | None:
    """Return the licence that a folder's model card states, if any; the Hub's `other` goes with a name."""
    header = card_header(folder)
    licence = header.get("license")
    if licence == "other" and isinstance(header.get("license_name"), str):
        licence = header["license_name"]
    return licence if isinstance(licence, str) and licence.strip() else None
