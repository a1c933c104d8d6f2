"""docker-compose.yaml: taken by Docker Compose itself, complete, without default passwords, root or floating tags."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings import PROJECT_ROOT

FILE = PROJECT_ROOT / "docker-compose.yaml"
EXAMPLE = PROJECT_ROOT / "deploy" / "env.example"
COMPOSE = shutil.which("docker-compose", path=str(Path(sys.executable).parent)) or shutil.which("docker-compose")
EXPECTED = {
    "postgres", "redis", "object-store", "model-hub", "airflow-init", "airflow-api-server", "airflow-scheduler",
    "airflow-dag-processor", "airflow-triggerer", "airflow-worker", "airflow-gpu-worker", "spark-master",
    "spark-worker", "metrics", "statsd-exporter", "prometheus", "grafana", "mail",
}  # fmt: skip
OPTIONAL = {"model-hub": "hub", "airflow-gpu-worker": "gpu", "mail": "development"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())["services"]


def test_every_part_is_there(services: dict[str, Any]) -> None:
    assert set(services) == EXPECTED
    assert {name: s["profiles"][0] for name, s in services.items() if "profiles" in s} == OPTIONAL


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_service_is_pinned_limited_watched_and_not_root(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert re.search(r":v?\d+\.\d+", service["image"]), service["image"]
    assert str(service["user"]).split(":")[0] not in ("0", "root")
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    if name != "airflow-init":
        assert service["healthcheck"]["test"]
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "ports are for this host; a reverse proxy with TLS stands before them"


def test_no_secret_has_a_default() -> None:
    text = FILE.read_text()
    for name in re.findall(r"\$\{([A-Z0-9_]*(?:PASSWORD|KEY|TOKEN|SECRET|USERS)[A-Z0-9_]*)", text):
        defaults = set(re.findall(rf"\$\{{{name}(.*?)\}}", text))
        # that there are no old keys is no secret
        assert defaults == ({":-[]"} if name == "AUDIT_RETIRED_KEYS" else {":?set it in .env"}), name


def test_what_must_be_set_stands_in_the_example_and_is_empty_there() -> None:
    required = set(re.findall(r"\$\{([A-Z0-9_]+):\?", FILE.read_text()))
    example = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    assert required <= set(example)
    assert {name for name in required if example[name]} == {"AIRFLOW_USERS"}


def test_files_that_are_mounted_are_there() -> None:
    for place in re.findall(r"- (\./deploy/[\w/.-]+):", FILE.read_text()):
        assert (PROJECT_ROOT / place).exists(), place


def test_the_passwords_become_a_file_that_airflow_can_open_as_it_does(services: dict[str, Any], tmp_path: Path) -> None:
    secret, variable = tmp_path / "secret", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
    secret.write_text('{"operator": "x"}')
    secret.chmod(0o400)
    program = tmp_path / "bin" / "airflow"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    place = tmp_path / "state" / "airflow" / "passwords.json"
    assert services["airflow-api-server"]["environment"][variable].startswith("/opt/llmops/state/")
    *shell, script = services["airflow-init"]["command"]
    script = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", script.replace("$$", "$"))
    script = script.replace("/run/secrets/airflow_passwords", str(secret))
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin", variable: str(place)}
    for _ in range(2):  # and again when the set-up starts anew
        subprocess.run([*shell, script], check=True, env=environment)
    assert place.stat().st_mode & 0o777 == 0o600
    with place.open("a+"), place.open("r+") as file:
        assert json.load(file) == {"operator": "x"}


def test_the_doctor_of_a_container_finds_airflow(services: dict[str, Any]) -> None:
    address = services["airflow-worker"]["environment"]["LLMOPS_AIRFLOW__URL"]
    ((host, port),) = re.findall(r"^http://([\w-]+):(\d+)$", address)
    assert ["--port", port] == services[host]["command"][-2:]


def test_tasks_mail_through_the_settings_unless_a_connection_says_otherwise(services: dict[str, Any]) -> None:
    from airflow.sdk.module_loading import import_string

    environment = services["airflow-worker"]["environment"]
    ((name, default),) = re.findall(r"^\$\{(\w+)-(.+)\}$", environment["AIRFLOW__SECRETS__BACKEND"])
    assert import_string(default)().get_variable("any") is None
    assert re.search(rf"^# {name}=$", EXAMPLE.read_text(), re.MULTILINE)
    assert environment["LLMOPS_MAIL__HOST"] == "${SMTP_HOST:-mail}"
    assert environment["AIRFLOW_CONN_SMTP_DEFAULT"] == "${AIRFLOW_CONN_SMTP_DEFAULT:-}"


def test_the_worker_with_a_gpu_has_what_qlora_needs_in_an_image_of_its_own(services: dict[str, Any]) -> None:
    gpu, cpu = services["airflow-gpu-worker"], services["airflow-worker"]
    assert gpu["build"]["args"]["EXTRAS"].split(",") == ["production", "gpu"]
    assert gpu["image"] != cpu["image"], "else the last build would stand for both"
    assert "args" not in cpu["build"]
    known = {"environment", "env_file", "volumes", "user", "healthcheck"}
    assert {name: gpu[name] for name in known} == {name: cpu[name] for name in known}


@pytest.mark.skipif(COMPOSE is None, reason="needs the docker-compose command (extra dev)")
class TestCompose:
    """Docker Compose reads the file; it needs no engine for that."""

    def config(self, env: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(COMPOSE), "--file", str(FILE), "--env-file", str(env), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})

    def filled_in(self, folder: Path) -> Path:
        env = folder / "env"
        env.write_text(re.sub(r"^([A-Z0-9_]+)=$", r"\1=x", EXAMPLE.read_text(), flags=re.MULTILINE))
        return env

    def test_it_is_valid_with_every_profile(self, tmp_path: Path) -> None:
        profiles = [part for profile in OPTIONAL.values() for part in ("--profile", profile)]
        done = self.config(self.filled_in(tmp_path), *profiles, "config", "--services")
        assert done.returncode == 0, done.stderr
        assert set(done.stdout.split()) == EXPECTED

    def test_further_secrets_reach_each_part_that_runs_the_pipeline(self, tmp_path: Path) -> None:
        further = tmp_path / "deploy" / "secrets" / "pipeline.env"
        further.parent.mkdir(parents=True)
        further.write_text(
            "JIRA_API_TOKEN='a$b'\nLLMOPS_PUBLISH__SIGNING_KEY=\"-----BEGIN\\nx\"\nLLMOPS_MAIL__HOST=other\n"
        )
        done = self.config(self.filled_in(tmp_path), "--project-directory", str(tmp_path), "config", "--format", "json")
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)["services"]
        airflow = {name for name in EXPECTED - set(OPTIONAL) if name.startswith("airflow-")}
        for name in airflow | {"spark-worker", "metrics"}:
            environment = made[name]["environment"]
            assert environment["JIRA_API_TOKEN"].replace("$$", "$") == "a$b", name
            assert environment["LLMOPS_PUBLISH__SIGNING_KEY"] == "-----BEGIN\nx"
            assert environment["LLMOPS_MAIL__HOST"] == "mail", "the lines of .env win"
        assert "JIRA_API_TOKEN" not in (made["postgres"]["environment"] or {})

    def test_without_secrets_it_says_what_to_set(self, tmp_path: Path) -> None:
        done = self.config(EXAMPLE, "config", "--quiet")
        assert done.returncode != 0
        assert "POSTGRES_PASSWORD is missing a value: set it in .env" in done.stderr


def test_each_database_url_names_the_driver_that_is_installed() -> None:
    # SQLAlchemy 2.1 reads a bare `postgresql://` as psycopg 3, which is not in the image.
    found = re.findall(r"(postgresql[+\w]*)://", FILE.read_text())
    assert len(found) >= 3
    assert set(found) == {"postgresql+psycopg2"}
