"""deploy/make_env.py: an environment that is as pinned is left alone, any other is not."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.settings import PROJECT_ROOT

PYPROJECT = '[project]\nname = "pydantic-core"\ndependencies = ["pydantic[email] >=2 ; python_version > \'3\'"]\n'


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Path]:
    """The script for a project of the test's own, and this Python's environment as the one that it made."""
    spec = importlib.util.spec_from_file_location("make_env", PROJECT_ROOT / "deploy" / "make_env.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "make_env.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT + '[project.optional-dependencies]\ndev = ["pytest"]\n')
    (tmp_path / "constraints.txt").write_text(f"pydantic=={version('pydantic')}\nNot_Here==1\n")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "OFFLINE_MODEL", "typer==1")
    (folder / ".installed").write_text("")
    return script, folder


def test_nothing_is_done_where_everything_is_as_pinned(
    made: tuple[ModuleType, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script, folder = made
    monkeypatch.setattr(script, "install_torch", lambda pip: None)
    script.main(folder)
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["no stamp", "newer pins", "drift", "a package is gone"])
def test_what_is_not_as_pinned_is_seen(made: tuple[ModuleType, Path], change: str) -> None:
    script, folder = made
    assert script.is_as_pinned(folder)
    if change == "no stamp":
        (folder / ".installed").unlink()
    elif change == "newer pins":
        os.utime(folder / ".installed", (0, 0))
    else:
        name, old, new = {
            "drift": ("constraints.txt", "pydantic==", "pydantic==0.0.1 # "),
            "a package is gone": ("pyproject.toml", '"pytest"', '"not-on-this-machine"'),
        }[change]
        file = script.ROOT / name
        file.write_text(file.read_text().replace(old, new))
        os.utime(file, (0, 0))
    assert not script.is_as_pinned(folder)
