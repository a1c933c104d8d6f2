"""The kinds of sources, found by being there: a `Source` with that `kind` in `pipeline/collect/<kind>/source.py`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pipeline.collect
from pipeline.collect.source import Source
from pipeline.errors import SettingsError


def kinds() -> list[str]:
    """Return the kinds of sources that are installed, sorted, without importing any."""
    found = pkgutil.iter_modules(pipeline.collect.__path__)
    return sorted(module.name for module in found if module.ispkg)


def source_class(kind: str) -> type[Source[Any]]:
    """Return the class of a kind; raises SettingsError naming the kinds that exist."""
    if kind not in kinds():
        raise SettingsError(
            f"There is no source of kind {kind}",
            where="collect.sources",
            remedy=f"Use one of {', '.join(kinds())}; docs/writing_a_source.md says how to add one",
        )
    module = importlib.import_module(f"pipeline.collect.{kind}.source")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Source) and getattr(value, "kind", None) == kind:
            return value
    raise SettingsError(f"pipeline/collect/{kind}/source.py holds no Source whose kind is {kind}")
