"""What environment variables do to the settings, and what is said of wrong ones."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import PROJECT_ROOT, AuditSettings, Settings, load, variables


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file of the test's own."""
    made = tmp_path / "llmops.toml"
    made.write_text('[train]\nmethod = "full"\n')
    monkeypatch.setenv("LLMOPS_CONFIG", str(made))
    return made


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("LLMOPS_AUDIT_SIGNING_KEY", "LLMOPS_AUDIT__SIGNING_KEY"),
        ("LLMOPS_LAKE_URI", "LLMOPS_LAKE__URI"),
        ("LLMOPS_TRIAN__METHOD", "LLMOPS_TRAIN__METHOD"),
        ("llmops_trian__method", "LLMOPS_TRAIN__METHOD"),
        ("LLMOPS_CONFG", "LLMOPS_CONFIG"),
        ("LLMOPS_MAIL_PORT", "LLMOPS_MAIL__PORT"),
        ("LLMOPS_SOMETHING__QUITE_DIFFERENT", None),
        ("LLMOPS_COLLECT__SOURCES__0__NAME", None),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_right_name(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str | None
) -> None:
    monkeypatch.setenv(name, "hush")
    with pytest.raises(SettingsError) as problem:
        load()
    assert f"{name} (is {meant} meant?)" in str(problem.value) if meant else name in str(problem.value)
    assert "hush" not in str(problem.value)


def test_variables_of_kubernetes_and_of_free_tables_are_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LLMOPS_METRICS_SERVICE_HOST": "10.0.0.1",
        "LLMOPS_METRICS_SERVICE_PORT_HTTP": "9108",
        "LLMOPS_METRICS_PORT": "tcp://10.0.0.1:9108",
        "LLMOPS_METRICS_PORT_9108_TCP_PORT": "9108",
        "LLMOPS_PREPARE__LIMITS__CONTEXT_SHARE": "0.5",
        "LLMOPS_LOG_FORMAT": "json",
    }.items():
        monkeypatch.setenv(name, value)
    assert load().prepare.limits == {"context_share": 0.5}


def test_a_bad_value_is_blamed_on_its_variable(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("LLMOPS_TRAIN__METHOD", "foo")
    with pytest.raises(SettingsError, match="LLMOPS_TRAIN__METHOD in the environment") as problem:
        load()
    assert problem.value.where == "environment"
    file.write_text("[train]\nmetod = 'full'\n")
    with pytest.raises(SettingsError, match="LLMOPS_TRAIN__METHOD") as problem:
        load()
    assert problem.value.where == str(file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLMOPS_AUDIT__RETIRED_KEYS", "abc"),
        ("LLMOPS_TUNE__EPOCHS", "1,2"),
        ("LLMOPS_TRAIN", "full"),
        ("LLMOPS_EVALUATE__PERTURBATIONS", "typos,paraphrase"),
        ("LLMOPS_MAIL__OPERATORS", '"a@example.com"'),
    ],
)
def test_a_list_that_is_no_json_is_named_and_told_so(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as problem:
        load()
    assert "JSON" in str(problem.value)
    assert "EnvSettingsSource" not in str(problem.value)


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_secret_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blank: str) -> None:
    names = {
        name: name.removeprefix("LLMOPS_").lower().split("__")
        for name, kind in variables.fields(Settings)
        if "SecretStr" in str(kind) and name != "LLMOPS_AUDIT__RETIRED_KEYS"
    }
    assert len(names) > 8, "the walk stopped early"
    for name in names:
        monkeypatch.setenv(name, blank)
    settings = load()
    for place in names.values():
        found = settings
        for part in place:
            found = getattr(found, part)
        assert found is None, place
    (tmp_path / ".llmops").mkdir()
    (tmp_path / ".llmops" / "credentials.env").write_text('LLMOPS_AUDIT__SIGNING_KEY="made"\n')
    assert load().audit.signing_key.get_secret_value() == "made", "a blank one does not stand before the made one"


def test_a_blank_secret_in_the_file_is_none_and_blank_retired_keys_are_refused(file: Path) -> None:
    file.write_text('[audit]\nsigning_key = " "\n')
    assert load().audit.signing_key is None
    with pytest.raises(ValueError, match="blank"):
        AuditSettings(signing_key="k", retired_keys=[" "])


def test_every_variable_that_the_project_names_is_one() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    known = dict(variables.fields(Settings))
    wrong = {
        (name, file)
        for file in tracked.stdout.split()
        if not file.startswith("tests/") and not file.endswith((".png", ".gz", ".parquet"))
        for name in re.findall(
            r"\bLLMOPS_[A-Z0-9]+(?:_+[A-Z0-9]+)*\b(?!__)", (PROJECT_ROOT / file).read_text(errors="ignore")
        )
        if name not in known and name not in variables.READ_ELSEWHERE
    }
    assert wrong == set()
