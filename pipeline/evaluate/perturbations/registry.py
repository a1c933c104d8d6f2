"""All perturbations, by name."""

from __future__ import annotations

import functools

import pipeline.evaluate.perturbations as package
from pipeline.evaluate.perturbations.base import Perturbation
from pipeline.evaluate.plugins import discover


@functools.cache
def all_perturbations() -> dict[str, Perturbation]:
    """Return one instance of every perturbation."""
    return {kind.name: kind() for kind in discover(package, Perturbation)}  # type: ignore[type-abstract]
