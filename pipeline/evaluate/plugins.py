"""Plug-ins: a class in a module of its package is registered by being there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

from pipeline.errors import PipelineError

T = TypeVar("T")


def discover(package: ModuleType, kind: type[T]) -> list[type[T]]:
    """Return every concrete class of a kind that a module of the package defines, by module and order of definition.

    Raises PipelineError when two share a name.
    """
    found: dict[str, type[T]] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            if not (inspect.isclass(value) and issubclass(value, kind)) or inspect.isabstract(value):
                continue
            if value.__module__ != module.__name__ or value.__name__.startswith("_"):
                continue
            name = str(getattr(value, "name", value.__name__))
            if name in found:
                raise PipelineError(f"Two plug-ins are called {name}", where=f"{value.__module__}")
            found[name] = value
    return list(found.values())
