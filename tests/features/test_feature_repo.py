from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pipeline import settings as settings_module
from pipeline.features.command import app
from pipeline.features.store import configuration
from pipeline.settings import PROJECT_ROOT, Settings

from .conftest import Place

REPOSITORY = PROJECT_ROOT / "feature_repo"


def test_the_yaml_is_what_the_default_settings_give() -> None:
    written = yaml.safe_load((REPOSITORY / "feature_store.yaml").read_text())
    made = configuration(Settings(state_dir=PROJECT_ROOT / ".llmops"))
    for section in ("registry", "online_store"):
        written[section]["path"] = str((REPOSITORY / written[section]["path"]).resolve())
    assert written == made


def test_the_plain_feast_command_sees_what_the_pipeline_published(
    quick: None, s3_place: Place, causal_folder: Path, seq2seq_folder: Path, tmp_path: Path
) -> None:
    s3_place.features(causal_folder, {}, {}, name="acme/Small")
    s3_place.features(seq2seq_folder, {}, {}, name="acme/T5", architecture="seq2seq")
    folder = tmp_path / "feature_repo"
    folder.mkdir()
    (folder / "features.py").write_text((REPOSITORY / "features.py").read_text())
    (folder / "feature_store.yaml").write_text(yaml.safe_dump(configuration(s3_place.settings)))
    (tmp_path / "llmops.toml").write_text("")
    lake = s3_place.settings.lake
    assert lake.access_key is not None
    assert lake.secret_key is not None
    environment = {
        **os.environ,
        "LLMOPS_CONFIG": str(tmp_path / "llmops.toml"),
        "LLMOPS_STATE_DIR": str(s3_place.settings.state_dir),
        "LLMOPS_LAKE__URI": lake.uri,
        "LLMOPS_LAKE__ENDPOINT_URL": lake.endpoint_url or "",
        "LLMOPS_LAKE__ACCESS_KEY": lake.access_key.get_secret_value(),
        "LLMOPS_LAKE__SECRET_KEY": lake.secret_key.get_secret_value(),
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    script = (
        "import sys; from feast.cli.cli import cli\n"
        "for words in (['apply'], ['feature-views', 'list'], ['materialize-incremental', '2030-01-01T00:00:00']):\n"
        "    cli(words, standalone_mode=False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for view in ("qa_features", "token_features_acme_small_chat_1", "token_features_acme_t5_text_to_text_1"):
        assert view in done.stdout
    assert "Deleted" not in done.stdout


def test_the_command_shows_what_is_online(
    quick: None, place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.features(causal_folder, {})
    monkeypatch.setattr(settings_module, "current", lambda: place.settings)
    shown = CliRunner().invoke(app, ["online", "q0000", "q0009"])
    assert shown.exit_code == 0
    assert "In the project folder." in shown.stdout
    assert "not in the online store" in shown.stdout


def test_the_command_says_which_manifests_it_needs() -> None:
    assert "Both manifests are needed" in str(CliRunner().invoke(app, ["--rows", "s3://x/m.json"]).exception)
