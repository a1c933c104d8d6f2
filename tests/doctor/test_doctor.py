"""What the doctor says of a healthy and of a broken set-up; every check meets a real server, folder or port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline.doctor import configuration, connections, machine
from pipeline.doctor.result import Result
from pipeline.lake.folder import FolderStore
from pipeline.settings import (
    PROJECT_ROOT,
    AirflowSettings,
    CollectSettings,
    LakeSettings,
    LocalSettings,
    MailSettings,
    PrepareSettings,
    PrivacySettings,
    PublishSettings,
    Settings,
    load,
)


def only(results: Iterator[Result]) -> Result:
    (found,) = list(results)
    return found


def serving(date: str, body: bytes = b"{}") -> tuple[HTTPServer, str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", date)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Callable[..., str]]:
    made: list[HTTPServer] = []

    def start(*arguments) -> str:
        one, url = serving(*arguments)
        made.append(one)
        return url

    yield start
    for one in made:
        one.shutdown()
        one.server_close()


def test_a_folder_lake_is_fine(tmp_path: Path) -> None:
    found = only(connections.lake(Settings(lake=LakeSettings(uri=str(tmp_path)))))
    assert found.status == "ok"
    assert list((tmp_path / "doctor").glob("*.probe")) == []


def test_a_lake_that_overwrites_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: FolderStore, key: str, data: bytes) -> bool:
        self.write(key, data)
        return True

    monkeypatch.setattr(FolderStore, "put_if_absent", careless)
    found = only(connections.lake(Settings(lake=LakeSettings(uri=str(tmp_path)))))
    assert found.status == "failed"
    assert "overwrites" in found.found


@pytest.mark.parametrize(
    ("date", "status"),
    [("Thu, 01 Jan 2015 00:00:00 GMT", "failed"), ("not a date", "warning")],
)
def test_a_wrong_clock_is_found(server, date: str, status: str, tmp_path: Path) -> None:
    settings = Settings(publish=PublishSettings(endpoint=server(date)), lake=LakeSettings(uri=str(tmp_path)))
    assert only(connections.clocks(settings)).status == status


def test_airflow_parts_that_are_sick_are_named(server) -> None:
    body = (
        b'{"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}, "triggerer": {"status": null}}'
    )
    settings = Settings(airflow=AirflowSettings(url=server("", body)))
    found = only(connections.airflow(settings))
    assert (found.status, found.found) == ("failed", "scheduler is unhealthy")


def test_servers_that_are_away_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # Importing Airflow, as other tests do, names its database in the environment.
    for name in ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_SMTP_DEFAULT"):
        monkeypatch.delenv(name, raising=False)
    away = "http://127.0.0.1:9"
    settings = Settings(
        airflow=AirflowSettings(url=away),
        publish=PublishSettings(endpoint=away, token="hf_x"),
        mail=MailSettings(port=9),
    )
    assert only(connections.airflow(settings)).status == "failed"
    assert only(connections.model_store(settings)).status == "failed"
    assert only(connections.mail(settings)).status == "warning"


def test_the_server_that_tasks_mail_through_is_greeted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(mail=MailSettings(port=9))
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite://")
    monkeypatch.delenv("AIRFLOW__SECRETS__BACKEND", raising=False)
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "")
    assert "smtp_default" in next(connections.mail(settings)).found
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", connections.BACKEND)
    assert [one.name for one in connections.mail(settings)] == ["mail"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://127.0.0.1:8/?disable_ssl=true&disable_tls=true")
    tasks, commands = connections.mail(settings)
    assert (tasks.name, tasks.status, commands.status) == ("mail of tasks", "warning", "warning")
    assert "127.0.0.1:8 " in tasks.found
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "{hush")
    assert next(connections.mail(settings)).status == "failed"


def test_a_port_of_somebody_else_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        free = {"s3_port": 1, "web_port": 1, "jira_port": 1, "mail_port": 1, "mail_web_port": 1, "airflow_port": 1}
        settings = Settings(state_dir=tmp_path, local=LocalSettings(hub_port=port, **free))
        found = only(machine.ports(settings))
        assert found.status == "failed"
        assert f"{port} (hub_port)" in found.found
    assert only(machine.ports(settings)).status == "ok"


def test_open_secrets_are_found(tmp_path: Path) -> None:
    secret = tmp_path / "credentials.json"
    secret.write_text("{}")
    secret.chmod(0o644)
    results = list(machine.permissions(Settings(state_dir=tmp_path)))
    assert [result.status for result in results] == ["ok", "failed"]
    assert results[1].remedy == f"chmod 600 {secret}"


def test_disk_that_is_nearly_full_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DISK_FAILS", 1 << 60)
    assert {result.status for result in machine.disk(Settings(state_dir=tmp_path / "not" / "there"))} == {"failed"}


def test_versions_and_java_of_this_environment() -> None:
    assert all(result.status != "failed" for result in machine.python(Settings()))
    assert all(result.status != "failed" for result in machine.java(Settings()))


def test_policy_and_secrets(tmp_path: Path) -> None:
    bad = tmp_path / "policy.yaml"
    bad.write_text("version: 1\nunknown: 2\n")
    assert only(configuration.policy(Settings(policy_file=bad))).status == "failed"
    assert "LLMOPS_AUDIT__SIGNING_KEY" in only(configuration.secrets(Settings())).found
    assert next(configuration.settings_file(Settings())).status == "ok"


@pytest.mark.parametrize("mode", ["pseudonym", "shift"])
def test_a_mode_that_needs_the_key_asks_for_it(mode: str) -> None:
    name = "LLMOPS_PREPARE__PRIVACY__PSEUDONYM_KEY"
    chosen = Settings(prepare=PrepareSettings(privacy=PrivacySettings(mode=mode)))
    assert name in only(configuration.secrets(chosen)).found
    assert name not in only(configuration.secrets(Settings())).found


def test_sources_that_the_gate_would_refuse_are_named(tmp_path: Path) -> None:
    for name in ("policy.yaml", "governance"):
        (tmp_path / name).symlink_to(PROJECT_ROOT / name)
    table = {"kind": "table", "uri": "rows.parquet"}

    def found(*configured: dict[str, object]) -> Result:
        made = CollectSettings(sources=[{**table, **source} for source in configured])
        return only(configuration.sources(Settings(policy_file=tmp_path / "policy.yaml", collect=made)))

    registered = {"name": "help-desk", "licence": "CC0-1.0"}
    assert found(registered, {"name": "nobody-knows", "enabled": False}).status == "ok"
    unknown = found(registered, {"name": "help-centre", "licence": "CC0-1.0"})
    assert (unknown.status, unknown.found) == ("failed", "help-centre is not registered")
    other = found({**registered, "licence": "MIT"})
    assert (other.status, other.found) == ("failed", "help-desk is MIT in the settings, CC0-1.0 in the register")
    (tmp_path / "policy.yaml").unlink()
    (tmp_path / "policy.yaml").write_text("version: 1\nchecks: {data_source_register: {on_failure: warn}}\n")
    assert found({**registered, "licence": "MIT"}).status == "warning"


def test_the_laptops_own_sources_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_CONFIG", str(PROJECT_ROOT / "llmops.toml"))
    assert only(configuration.sources(load())).status == "ok"


def test_pins_beside_the_policy_are_found(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("pydantic==0.0.1\n")
    found = list(machine.python(Settings(policy_file=tmp_path / "policy.yaml")))[-1]
    assert found.status == "warning"
    assert "instead of 0.0.1" in found.found
