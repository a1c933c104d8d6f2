"""What the stage's verdict depends on: a change of any code that it uses makes its kept results stale."""

from __future__ import annotations

import ast
from pathlib import Path

from pipeline.comply.stage import PACKAGES
from pipeline.settings import PROJECT_ROOT

EVALUATE = "pipeline.evaluate."


def file_of(module: str) -> Path | None:
    place = PROJECT_ROOT / module.replace(".", "/")
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def imported(file: Path) -> set[str]:
    """Return the modules of the project that a file imports, at its top or inside of a function."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {module for module in found if module.startswith(EVALUATE) and file_of(module)}


def used() -> set[str]:
    """Return the modules of the evaluation that the checks use, and those that these use in turn."""
    files = [*(PROJECT_ROOT / "pipeline" / "comply").rglob("*.py")]
    found: set[str] = set()
    while files:
        fresh = imported(files.pop()) - found
        found |= fresh
        places = [file for file in map(file_of, fresh) if file]
        # Plug-ins are found by being in their package: nothing names them.
        files += [more for file in places for more in (file.parent.glob("*.py") if file.stem == "__init__" else [file])]
    return found


def test_every_module_of_the_evaluation_that_the_checks_use_is_part_of_the_stage() -> None:
    modules = used()
    assert {"pipeline.evaluate.comparison", "pipeline.evaluate.intervals", "pipeline.evaluate.text"} <= modules
    kept = {f"pipeline.{package.replace('/', '.')}" for package in PACKAGES}
    missing = {module for module in modules if not any(f"{module}.".startswith(f"{one}.") for one in kept)}
    assert missing == set()


def test_every_package_of_the_stage_exists() -> None:
    assert [package for package in PACKAGES if file_of(f"pipeline.{package.replace('/', '.')}") is None] == []
