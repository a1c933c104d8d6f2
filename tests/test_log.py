from __future__ import annotations

import importlib
import json
import logging
import socket
from collections.abc import Iterator

import pytest
import structlog
import urllib3

from pipeline import log

made_early = log.get_logger("pipeline.early")


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    log.configure(level=log.WARNING)


def test_events_below_the_level_are_dropped(capsys) -> None:
    log.configure(level=log.WARNING)
    made_early.info("too quiet")
    made_early.warning("loud enough", rows=3)
    out = capsys.readouterr()
    assert out.out == ""
    assert "too quiet" not in out.err
    assert "loud enough" in out.err
    assert "rows=3" in out.err


def test_machines_get_a_json_line_with_the_bound_ids(capsys) -> None:
    log.configure(json=True)
    with structlog.contextvars.bound_contextvars(run="r1"):
        made_early.info("stage done", stage="train")
    found = json.loads(capsys.readouterr().err)
    assert {"event": "stage done", "stage": "train", "run": "r1", "level": "info"}.items() <= found.items()


def test_airflow_gets_each_event_under_its_own_level(caplog) -> None:
    log.configure_for_airflow()
    with caplog.at_level(logging.INFO, logger="pipeline"):
        made_early.info("stage started", stage="train", value=50)
        try:
            raise ValueError("100 % wrong")
        except ValueError:
            made_early.exception("stage failed")
    assert [(record.levelname, record.getMessage().splitlines()[0]) for record in caplog.records] == [
        ("INFO", "stage started  source=pipeline.early stage=train value=50"),
        ("ERROR", caplog.records[1].getMessage().splitlines()[0]),
    ]
    assert "100 % wrong" in caplog.records[1].getMessage()


def test_airflow_gets_json_lines_when_they_are_asked_for(caplog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_LOG_FORMAT", "json")
    log.configure_for_airflow()
    with caplog.at_level(logging.INFO, logger="pipeline"), structlog.contextvars.bound_contextvars(run="r1"):
        made_early.warning("stage slow", stage="train")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    found = json.loads(record.getMessage())
    assert {"event": "stage slow", "stage": "train", "run": "r1", "level": "warning"}.items() <= found.items()


def test_the_environment_asks_the_command_line_for_json_too(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_LOG_FORMAT", "json")
    log.configure()
    made_early.info("stage done")
    assert json.loads(capsys.readouterr().err)["event"] == "stage done"


def test_the_global_configuration_is_left_alone() -> None:
    before = structlog.get_config()
    log.configure(json=True)
    log.configure_for_airflow()
    assert structlog.get_config() == before


@pytest.mark.parametrize("client", ["httpx", "httpx2"])
def test_no_client_logs_the_addresses_it_calls(client: str, caplog) -> None:
    # The path of a webhook is its secret, and the query of an upload holds its signature.
    library = importlib.import_module(client)
    answer = library.MockTransport(lambda request: library.Response(200))
    with caplog.at_level(logging.INFO), library.Client(transport=answer) as session:
        session.post("https://hooks.example.com/services/T0/B0/topsecret?signature=topsecret", json={})
    assert "topsecret" not in caplog.text


def test_the_hub_client_warns_without_the_query_of_the_address(caplog) -> None:
    with caplog.at_level(logging.WARNING):
        logging.getLogger("huggingface_hub.utils._http").warning(
            "%r thrown while requesting %s %s",
            OSError("reset"),
            "PUT",
            "https://s3.example.com/a/b?X-Amz-Signature=top",
        )
    assert caplog.messages == ["OSError('reset') thrown while requesting PUT https://s3.example.com/a/b?…"]


def test_urllib3_warns_without_the_query_of_the_path(caplog) -> None:
    with socket.socket() as closed, caplog.at_level(logging.WARNING):
        closed.bind(("127.0.0.1", 0))
        pool = urllib3.HTTPConnectionPool("127.0.0.1", closed.getsockname()[1], retries=urllib3.Retry(1))
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            pool.request("GET", "/bucket/key?X-Amz-Signature=topsecret")
    assert "/bucket/key?…" in caplog.text
    assert "topsecret" not in caplog.text


@pytest.mark.parametrize("machine", [True, False])
def test_no_secret_of_an_address_is_logged(capsys, machine: bool) -> None:
    log.configure(json=machine)
    address = "https://collector:s3cret@lineage.example.com/api?api_key=abc"
    problem = ValueError(f"Client error '401 Unauthorized' for url '{address}'")
    made_early.warning(f"away: {address}", cause=problem, text=str(problem), more={"tried": [address]})
    try:
        raise problem
    except ValueError:
        made_early.exception("failed")
    told = capsys.readouterr().err
    assert "lineage.example.com/api?…" in told.replace("\\u2026", "…")
    assert not any(secret in told for secret in ("s3cret", "abc", "collector"))


def test_airflow_is_not_told_what_it_shows_beside_each_line(caplog) -> None:
    log.configure_for_airflow()
    bound = structlog.contextvars.bound_contextvars(ti_id="1", try_number=1, map_index=-1, run_id="r", stage="train")
    with caplog.at_level(logging.INFO, logger="pipeline"), bound:
        made_early.info("training", step=3)
    assert caplog.messages == ["training  source=pipeline.early step=3 stage=train"]
