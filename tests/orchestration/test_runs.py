"""Runs of the real DAGs in Airflow's own test mode: assets, notes, data intervals, deadlines."""

from __future__ import annotations

import socket
from copy import copy
from datetime import timedelta
from pathlib import Path

import pendulum
import pytest
from published import Place

from pipeline.audit import AuditLog
from pipeline.lake import open_lake
from pipeline.local import mail_catcher
from pipeline.orchestration import assets, notes
from pipeline.settings import PROJECT_ROOT, load

REASON = "answers about returns are wrong since v3"


@pytest.fixture(scope="module")
def bag(airflow_database: None):
    """The DAGs, known to the database and switched on."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session
    from sqlalchemy import update

    found = DagBag(str(PROJECT_ROOT / "dags"), bundle_name="dags-folder")
    assert found.import_errors == {}
    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
    sync_bag_to_db(found, "dags-folder", None)
    with create_session() as session:
        session.execute(update(DagModel).values(is_paused=False))
    return found


def events(asset) -> list[dict]:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return [event.extra for event in session.scalars(query.where(AssetModel.name == asset.name))]


def ran_here(dag, **conf: str) -> tuple[str, str, str]:
    """Run a DAG with its tasks in this process; returns the run's id, state and note."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    dag = copy(dag)
    dag.deadline = None  # only a scheduler knows the deadlines of a run
    run = dag.test(run_conf=conf)
    with create_session() as session:
        return run.run_id, str(run.state), session.get_one(DagRun, run.id).note


def waiting_for_a_run() -> set[str]:
    from airflow.models.asset import AssetDagRunQueue
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return set(session.scalars(select(AssetDagRunQueue.target_dag_id)))


def test_a_rollback_is_noted_and_starts_the_check_of_what_is_in_production_now(bag, place: Place) -> None:
    before = len(events(assets.PRODUCTION))
    run_id, state, note = ran_here(bag.dags["llm_rollback"], version="previous", reason=REASON)
    assert (state, note) == ("success", "Outcome: done")
    assert place.present() == "v2"
    assert events(assets.PRODUCTION)[before:] == [{"version": "v2"}]
    assert waiting_for_a_run() == {"llm_performance_and_compliance"}
    (started,) = place.audit.find("run_started", run_id=f"llm_rollback/{run_id}")
    begin, end = started.data["interval"]
    assert begin <= end


def test_only_a_move_of_production_starts_the_check_of_it(bag) -> None:
    # New rows come in the middle of a run, whose own training would wait for the check.
    assert bag.dags["llm_performance_and_compliance"].timetable.asset_condition == assets.PRODUCTION


def test_a_refused_rollback_is_noted_and_starts_nothing(bag, place: Place) -> None:
    before = len(events(assets.PRODUCTION))
    _, state, note = ran_here(bag.dags["llm_rollback"], version="v9", reason=REASON)
    assert (state, note) == ("failed", "Outcome: failed at roll_back; the mail and the task's log say why")
    assert place.present() == "v3"
    assert len(events(assets.PRODUCTION)) == before


@pytest.mark.parametrize(
    ("dag_id", "states", "text"),
    [
        ("llm_pipeline", {"publish.release": "success", "finish": "success"}, "published, a new version"),
        ("llm_pipeline", {"is_new": "success", "publish.release": "skipped", "finish": "success"}, "nothing changed"),
        ("llm_retrain", {"assess.gate": "failed", "finish": "failed"}, "stopped by assess.gate"),
        ("llm_pipeline", {"publish.release": "success", "finish": "failed"}, "its conclusion failed"),
        ("llm_retrain", {"develop.train": "failed", "finish": "failed"}, "failed at develop.train"),
        ("llm_pipeline", {"publish.release": "upstream_failed", "finish": "failed"}, "its conclusion failed"),
        ("llm_performance_and_compliance", {"integrity": "skipped", "retention": "success"}, "skipped"),
        ("llm_review_reminders", {"remind": "success"}, "done"),
    ],
)
def test_what_a_note_says(dag_id: str, states: dict[str, str], text: str) -> None:
    assert notes.text_of(dag_id, states).startswith(text)


def test_a_note_is_no_longer_than_the_database_takes() -> None:
    """PostgreSQL refuses more than 1000 characters, in the scheduler."""
    failed = dict.fromkeys([f"collect.a_source_with_a_rather_long_name_{number}" for number in range(60)], "failed")
    text = f"Outcome: {notes.text_of('llm_pipeline', failed)}"
    assert "and 55 more" in text
    for kept in ("", "seen by ada", "x" * 5000):
        note = notes.joined(kept, text)
        assert len(note) <= 1000
        assert note.endswith(text)
        assert note.startswith(kept[:100])
    assert len(notes.joined("", "y" * 3000)) == 1000


@pytest.mark.parametrize("dag_id", ["llm_pipeline", "llm_performance_and_compliance"])
def test_a_back_filled_run_stands_for_its_day(bag, dag_id: str) -> None:
    """As `airflow backfill create` asks the timetable: one run a day, whose interval is the day before it."""
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import TimeRestriction

    timetable = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.dags[dag_id])).timetable
    first, last = pendulum.datetime(2026, 3, 1), pendulum.datetime(2026, 3, 4)
    found, previous = [], None
    while True:
        restriction = TimeRestriction(earliest=first, latest=last, catchup=True)
        info = timetable.next_dagrun_info(last_automated_data_interval=previous, restriction=restriction)
        if info is None:
            break
        previous = info.data_interval
        found.append(info)
    assert len(found) == 3
    for one in found:
        assert one.data_interval.end - one.data_interval.start == timedelta(days=1)
        assert one.data_interval.start == one.logical_date
        assert one.data_interval.end == one.run_after


def test_every_dag_has_a_deadline_whose_notice_airflow_can_run(bag, place: Place, tmp_path: Path, monkeypatch) -> None:
    """Through Airflow's own supervisor function, from the serialised DAG, to a real mail server."""
    import structlog
    from aiosmtpd.controller import Controller
    from airflow.sdk.execution_time.callback_supervisor import execute_callback

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(mail_catcher.Keeper(tmp_path / "mail"), hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("LLMOPS_MAIL__PORT", str(port))
    try:
        for dag_id, dag in bag.dags.items():
            (alert,) = dag.deadline if isinstance(dag.deadline, list) else [dag.deadline]
            data = alert.callback.serialize()
            context = {"dag_run": {"dag_id": dag_id, "dag_run_id": f"late-{dag_id}"}}
            arguments = {**data["kwargs"], "context": context}
            done, problem = execute_callback(data["path"], arguments, "", None, structlog.get_logger())
            assert done, problem
    finally:
        server.stop()
    told = [mail_catcher.body(message) for message in mail_catcher.messages(tmp_path / "mail")]
    late = AuditLog(open_lake(load().lake)).find("deadline_missed")
    assert {record.data["dag"] for record in late} == set(bag.dags)
    assert len(told) == len(bag.dags)
    assert "llm_rollback should have been over 0.5 hours after it was queued" in "".join(told)
