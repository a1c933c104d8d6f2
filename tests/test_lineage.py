from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID

import pytest

from pipeline import log
from pipeline.lake import Lake
from pipeline.lineage import emit, events
from pipeline.manifest import Manifest
from pipeline.settings import LineageSettings
from pipeline.stage import Attempt, run_stage


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    yield
    log.configure(level=log.WARNING)


def chain(lake: Lake) -> tuple[Manifest, Manifest]:
    def work(attempt: Attempt) -> None:
        attempt.rows["rows"] = 5
        attempt.lake.write(attempt.uri("rows", "part.json"), b"12345")

    first = run_stage(lake, "prepare", work, run_id="run-1")
    return first, run_stage(lake, "features", work, run_id="run-1", inputs={"prepared": first})


def test_events_name_run_job_inputs_and_outputs(lake: Lake) -> None:
    first, second = chain(lake)
    start, complete = events("acme", lake.root, second)
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    UUID(start["run"]["runId"])
    assert complete["job"] == {"namespace": "acme", "name": "features"}
    (given,) = complete["inputs"]
    assert given["name"] == first.uri.removeprefix(lake.root + "/")
    (made,) = complete["outputs"]
    assert made["facets"]["version"]["datasetVersion"] == second.output("rows").digest
    statistics = made["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"], statistics["fileCount"]) == (5, 5, 1)
    assert start["eventTime"] <= complete["eventTime"]


def test_into_a_file(lake: Lake, tmp_path: Path) -> None:
    for manifest in chain(lake):
        emit(LineageSettings(file=tmp_path / "x" / "lineage.jsonl"), lake.root, manifest)
    lines = (tmp_path / "x" / "lineage.jsonl").read_text().splitlines()
    assert [json.loads(line)["job"]["name"] for line in lines] == ["prepare"] * 2 + ["features"] * 2


def test_to_an_endpoint(lake: Lake) -> None:
    received: list[tuple[str, dict]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/api/v1/lineage"
        emit(LineageSettings(endpoint=url, api_key="k"), lake.root, chain(lake)[1])
    finally:
        server.shutdown()
        server.server_close()
    assert [event["eventType"] for _, event in received] == ["START", "COMPLETE"]
    assert received[0][0] == "Bearer k"


@pytest.mark.parametrize("settings", [LineageSettings(), LineageSettings(endpoint="http://127.0.0.1:9/x")])
def test_a_receiver_that_is_away_or_absent_stops_nothing(lake: Lake, settings: LineageSettings) -> None:
    emit(settings, lake.root, chain(lake)[0])


@pytest.mark.parametrize(
    "place", ["http://collector:s3cret@127.0.0.1:9/x?api_key=abc", "http://collector:s3cret@[bad/x?api_key=abc"]
)
def test_what_is_logged_of_a_receiver_that_is_away_holds_no_secret(lake: Lake, capsys, place: str) -> None:
    log.configure(json=True)
    emit(LineageSettings(endpoint=place), lake.root, chain(lake)[0])
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (told,) = [line for line in lines if line["event"] == "lineage could not be sent"]
    assert told["to"].startswith("http://")
    assert told["cause"] in ("ConnectError", "InvalidURL", "ValueError")
    assert not any(secret in json.dumps(told) for secret in ("s3cret", "abc", "collector"))


def test_a_receiver_that_refuses_is_logged_with_its_status_and_no_secret(lake: Lake, capsys) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log.configure(json=True)
    try:
        address = f"127.0.0.1:{server.server_address[1]}/v1"
        endpoint = f"http://collector:s3cret@{address}?api_key=abc"
        emit(LineageSettings(endpoint=endpoint), lake.root, chain(lake)[0])
    finally:
        server.shutdown()
        server.server_close()
    (told,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "could not be sent" in line]
    assert (told["cause"], told["to"]) == ("HTTPStatusError 401", f"http://{address}?…")
    assert not any(secret in json.dumps(told) for secret in ("s3cret", "abc", "collector:"))
