"""Evidence without personal data: what a report quotes is masked and cut before it is written anywhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.comply.detect.personal import mask
from pipeline.comply.detect.secrets import secrets

MAX_TEXT = 400


def redacted(value: Any) -> Any:
    """Return JSON values with every text masked (personal data, secrets), made visible and cut to a length."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {str(key): redacted(inner) for key, inner in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [redacted(inner) for inner in value]
    return value


def _text(text: str) -> str:
    shown = mask(text)
    for secret in sorted(secrets(shown), key=len, reverse=True):
        shown = shown.replace(secret, "[SECRET]")
    shown = "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") or c in "\n\t" else "\ufffd" for c in shown
    )
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"
