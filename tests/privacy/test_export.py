from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline import settings as settings_module
from pipeline.audit import AuditLog
from pipeline.privacy.command import app
from pipeline.privacy.export import export
from pipeline.privacy.subject import Subject

from .world import ANSWER, JANES, MASKED, SUBJECT, World

JANE = Subject.of([SUBJECT])


def test_everything_known_is_exported_once(world: World, tmp_path: Path) -> None:
    out = tmp_path / "jane.json"
    document = export(world.settings, world.lake, JANE, out, actor="officer")
    assert json.loads(out.read_text())["reference"] == document["reference"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    records = document["records"]
    raw = next(item for item in records if item["record"].get("answer") == ANSWER)
    assert {place.split("/")[0] for place in raw["in"]} == {"collect-help-desk", "repository"}
    assert any(item["record"].get("answer") == MASKED for item in records)
    assert all("token_ids" not in item["record"] for item in records)
    mentions = {item["in"]: item["excerpts"] for item in document["mentions"]}
    assert SUBJECT in mentions["raw/help-desk/night-1/page-1.json"][0]
    assert {item["view"] for item in document["online"]} == {"qa_features", "token_features_acme_tiny_chat_1"}
    assert document["online"][0]["question_id"] == JANES
    assert [model["versions"] for model in document["models_trained_with_it"]] == [[], [], ["acme/faq@v3"]]
    assert document["sources"] == ["help-desk"]


def test_other_peoples_rows_are_not_exported(world: World, tmp_path: Path) -> None:
    export(world.settings, world.lake, JANE, tmp_path / "jane.json", actor="officer")
    assert "On the shelf." not in (tmp_path / "jane.json").read_text()


def test_an_export_is_recorded_without_the_name(world: World, tmp_path: Path) -> None:
    document = export(world.settings, world.lake, JANE, tmp_path / "jane.json", actor="officer")
    record = AuditLog(world.lake).find("subject_exported")[0]
    assert record.subject == document["reference"]
    assert record.data["models_trained_with_it"] == 3
    assert SUBJECT not in record.model_dump_json()


def test_the_commands(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "current", lambda: world.settings)
    out = tmp_path / "deep" / "jane.json"
    exported = CliRunner().invoke(app, ["export", "--subject", SUBJECT, "--out", str(out)])
    assert exported.exit_code == 0, exported.output
    assert json.loads(out.read_text())["subject"] == [SUBJECT]
    erased = CliRunner().invoke(app, ["erase", "--subject", SUBJECT])
    assert erased.exit_code == 0, erased.output
    assert "acme/faq@v3" in erased.output
    again = CliRunner().invoke(app, ["erase", "--subject", SUBJECT, "--dry-run"])
    assert "0 written again, 0 deleted" in again.output
    assert CliRunner().invoke(app, ["erase", "--subject", "Al"]).exit_code == 1
