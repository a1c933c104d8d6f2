from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import PROJECT_ROOT, load


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a settings file of the test's own."""
    file = tmp_path / "llmops.toml"
    file.write_text('[train]\nmethod = "full"\n[lake]\nuri = "s3://mine"\n')
    monkeypatch.setenv("LLMOPS_CONFIG", str(file))
    monkeypatch.delenv("LLMOPS_STATE_DIR", raising=False)
    (tmp_path / ".llmops").mkdir()
    (tmp_path / ".llmops" / "credentials.env").write_text('LLMOPS_LAKE__SECRET_KEY="s3cret"\n')
    return tmp_path


def test_environment_wins_over_the_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().train.method == "full"
    monkeypatch.setenv("LLMOPS_TRAIN__METHOD", "lora")
    assert load().train.method == "lora"
    assert load().lake.uri == "s3://mine"


def test_made_credentials_belong_to_the_laptop_only(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().lake.secret_key.get_secret_value() == "s3cret"
    monkeypatch.setenv("LLMOPS_LOCAL__ENABLED", "false")
    assert load().lake.secret_key is None


def test_secrets_do_not_show(here: Path) -> None:
    assert "s3cret" not in repr(load())
    assert "s3cret" not in load().model_dump_json()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[train]\nmetod = 'full'\n", "train.metod"),
        ("[train]\nmethod = 'magic'\n", "train.method"),
        ("[train\n", "cannot be read"),
        ("[[collect.sources]]\nkind = 'web'\nname = 'Bad Name'\n", "name"),
    ],
)
def test_wrong_files_are_refused_in_words(here: Path, text: str, reason: str) -> None:
    (here / "llmops.toml").write_text(text)
    with pytest.raises(SettingsError, match=reason):
        load()


def test_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_CONFIG", "/nowhere/llmops.toml")
    with pytest.raises(SettingsError, match="/nowhere"):
        load()


@pytest.mark.parametrize("name", ["llmops.toml", "llmops.production.toml"])
def test_the_sample_files_are_valid(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_CONFIG", str(PROJECT_ROOT / name))
    assert load().collect.sources


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("window = 0", "greater than or equal to 32"),
        ("window = -5", "greater than or equal to 32"),
        ("window = 256\nstride = 0", "greater than or equal to 1"),
        ("window = 128\nstride = 256", "would leave out"),
        ("stride = 128", "no window"),
    ],
)
def test_windows_that_cannot_cover_a_context_are_refused(here: Path, values: str, message: str) -> None:
    (here / "llmops.toml").write_text(f"[features]\n{values}\n")
    with pytest.raises(SettingsError, match=message):
        load()
