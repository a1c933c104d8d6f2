"""The markup families of FAQ pages, one module each, found by being there."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from pipeline.collect.web.families.base import Family


@cache
def all_families() -> tuple[Family, ...]:
    """Return one instance of every family in this folder, in the order in which they are worth trying."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    found: list[type[Family]] = []
    pending = Family.__subclasses__()
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if "name" in vars(kind) and kind.__module__.startswith(__name__):
            found.append(kind)
    return tuple(sorted((kind() for kind in found), key=lambda family: family.rank))
