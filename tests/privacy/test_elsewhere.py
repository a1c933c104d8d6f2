"""What the lake's data became outside the lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.audit import AuditLog
from pipeline.privacy import elsewhere
from pipeline.privacy import erase as erasure
from pipeline.privacy.erase import erase
from pipeline.privacy.subject import Subject

from .world import ANSWER, SUBJECT, World

JANE = Subject.of([SUBJECT])
COPIES = [
    "reports/night-1/evaluate/answers.jsonl",
    "reports/night-1/evaluate/report.html",
    "store-cache/models/0123/evaluation.json",
    "cache/states/frozen.bin",
    "cache/checked/acme--faq/compliance.json",
    "evaluate/cache/answers/m/s/one.json",
    "comply/report.json",
    "models/acme--faq--v3/evaluation.json",
]
KEPT = ["models/acme--faq--v3/model.safetensors", "cache/models/0123/config.json", "audit/memory.json"]


@pytest.fixture
def copies(world: World) -> Path:
    state = world.settings.state_dir
    for name in (*COPIES, *KEPT):
        file = state / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(ANSWER if name in COPIES else "{}")
    return state


def test_copies_on_this_machine_go_and_models_stay(world: World, copies: Path) -> None:
    report = erase(world.settings, world.lake, JANE, actor="officer")
    assert [name for name in COPIES if (copies / name).exists()] == []
    assert all((copies / name).is_file() for name in KEPT)
    assert report.local_copies == [
        *("reports", "store-cache", "cache/states", "cache/checked", "evaluate", "comply"),
        "models/acme--faq--v3/evaluation.json",
    ]


def test_a_dry_run_names_the_copies_and_keeps_them(world: World, copies: Path) -> None:
    report = erase(world.settings, world.lake, JANE, actor="officer", dry_run=True)
    assert report.local_copies[0] == "reports"
    assert all((copies / name).is_file() for name in COPIES)


def test_copies_on_another_disk_go_too(world: World, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "evaluation.json").write_text(ANSWER)
    (world.settings.state_dir / "store-cache").symlink_to(disk)
    assert elsewhere.clear(world.settings) == ["store-cache"]
    assert not disk.exists()


def test_what_people_must_do_is_named_with_versions_branches_and_runs(world: World) -> None:
    audit = AuditLog(world.lake)
    audit.append("review_requested", actor="pipeline", run_id="night-1", data={"role": "model"})
    audit.append("review_requested", actor="pipeline", run_id="night-0", data={"role": "model"})
    report = erase(world.settings, world.lake, JANE, actor="officer")
    branches = sorted(
        f"checkpoints-{model.manifest.split('/')[-2][:12]}" for model in report.models if model.stage != "tune"
    )
    assert len(branches) == 2
    assert report.by_hand == [
        "model store: evaluation.json and compliance.json of acme/faq@v3 quote questions and answers",
        *(f"model store: branch {name}, if checkpoints were pushed" for name in branches),
        "Airflow: texts and answers of the reviews of run night-1",
    ]
    assert audit.find("subject_erased")[-1].data["by_hand"] == report.by_hand


def test_nobody_is_sent_to_a_release_whose_reports_are_known_to_be_free_of_the_subject(world: World) -> None:
    assert erase(world.settings, world.lake, Subject.of(["john.doe@example.org"]), actor="officer").by_hand == []


def test_a_release_whose_reports_left_the_lake_is_named_in_any_case(world: World) -> None:
    world.lake.delete([world.evaluation.uri])
    (named,) = erase(world.settings, world.lake, Subject.of(["john.doe@example.org"]), actor="officer").by_hand
    assert "acme/faq@v3" in named


def test_what_a_killed_erasure_had_named_is_named_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "refresh", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(world.settings, world.lake, JANE, actor="officer")
    report = erase(world.settings, world.lake, JANE, actor="officer")
    assert any("acme/faq@v3" in text for text in report.by_hand)
