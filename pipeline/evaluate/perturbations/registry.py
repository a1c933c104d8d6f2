"""All perturbations, by name."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import pipeline.evaluate.perturbations as package
from pipeline.errors import SettingsError
from pipeline.evaluate.perturbations.base import Perturbation
from pipeline.evaluate.plugins import discover


@functools.cache
def all_perturbations() -> dict[str, Perturbation]:
    """Return one instance of every perturbation."""
    return {kind.name: kind() for kind in discover(package, Perturbation)}  # type: ignore[type-abstract]


def chosen_perturbations(names: Sequence[str] | None) -> list[Perturbation]:
    """Return the perturbations of these names, all of them without names; raises SettingsError for an unknown one."""
    known = all_perturbations()
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise SettingsError(
            f"There is no perturbation called {', '.join(unknown)}",
            where="evaluate.perturbations",
            remedy=f"Choose from: {', '.join(known)}",
        )
    return [known[name] for name in (known if names is None else names)]
