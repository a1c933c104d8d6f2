"""The services of docker-compose.yaml run natively, and the pipeline on them: `make production-check`.

PostgreSQL and Redis of the distribution, SeaweedFS, the model store, a Spark standalone master with two workers, and
Airflow with the Celery executor: api-server, scheduler, dag-processor, triggerer and one worker. The base model is the
tiny preset, as in the end-to-end test. Needs the extra `production`, postgresql, redis-server; ports from
PRODUCTION_PORT (34100) on.
"""

from __future__ import annotations

import glob
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent / "end_to_end"
BIN = Path(sys.executable).parent
BASE = int(os.environ.get("PRODUCTION_PORT", "34100"))
PORTS = {"s3": 100, "hub": 1, "web": 2, "jira": 3, "mail": 4, "mail_web": 5, "airflow": 6}
SAMPLE_PORTS = {
    "s3": "24333",
    "hub": "24870",
    "web": "24080",
    "jira": "24081",
    "mail": "24025",
    "mail_web": "24026",
    "airflow": "24088",
}
POSTGRES, REDIS, SPARK, SPARK_UI = BASE + 7, BASE + 8, BASE + 9, BASE + 10
TIMEOUT = float(os.environ.get("PRODUCTION_TIMEOUT", "1500"))

pytestmark = [
    pytest.mark.skipif(not glob.glob("/usr/lib/postgresql/*/bin/initdb"), reason="needs postgresql"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]


@dataclass
class Native:
    """The running set-up."""

    environment: dict[str, str]
    home: Path
    password: str

    def llmops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "llmops"), "--json", *arguments]
        return subprocess.run(command, env=self.environment, cwd=self.home, capture_output=True, text=True, check=False)


def settings_text() -> str:
    text = (SAMPLE / "llmops.toml").read_text()
    for name, offset in PORTS.items():
        text = text.replace(SAMPLE_PORTS[name], str(BASE + offset))
    conf = '{"spark.executor.memory" = "1g"}'
    spark = f'\n[spark]\nmaster = "spark://127.0.0.1:{SPARK}"\ndriver_memory = "1g"\nconf = {conf}\n'
    return text + spark


def start_postgres(home: Path) -> None:
    """Run as the distribution's user when we are root: PostgreSQL refuses root."""
    tools = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    data = home / "postgres"
    data.mkdir(mode=0o700)
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        shutil.chown(data, "postgres", "postgres")

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, timeout=120, cwd="/")

    run(str(tools / "initdb"), "-D", str(data), "-U", "airflow", "--auth=trust", "--data-checksums")
    options = f"-p {POSTGRES} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data}"
    run(str(tools / "pg_ctl"), "-D", str(data), "-w", "-o", options, "-l", str(data / "log"), "start")
    for name in ("airflow", "feast"):
        run(str(tools / "createdb"), "-h", "127.0.0.1", "-p", str(POSTGRES), "-U", "airflow", name)


def stop_postgres(home: Path) -> None:
    tools = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    command = [*as_user, str(tools / "pg_ctl"), "-D", str(home / "postgres"), "-m", "immediate", "stop"]
    subprocess.run(command, check=False, capture_output=True, timeout=60, cwd="/")


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Native]:
    from pipeline.settings import PROJECT_ROOT

    home = tmp_path_factory.mktemp("native")
    # Not below pytest's own folder, which only its owner may enter: PostgreSQL runs as a user of its own.
    database = Path(tempfile.mkdtemp(prefix="llmops-postgres-"))
    database.chmod(0o711)
    (home / "llmops.toml").write_text(settings_text())
    shutil.copy(SAMPLE / "policy.yaml", home)
    shutil.copy(PROJECT_ROOT / "constraints.txt", home)
    shutil.copytree(PROJECT_ROOT / "governance", home / "governance")
    redis_password = secrets.token_hex(16)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "LLMOPS_"))}
    os.environ.clear()
    os.environ.update(
        {
            **clean,
            "LLMOPS_CONFIG": str(home / "llmops.toml"),
            "LLMOPS_STATE_DIR": str(home / "state"),
            "LLMOPS_FEATURES__REGISTRY": f"postgresql+psycopg2://airflow@127.0.0.1:{POSTGRES}/feast",
            "LLMOPS_FEATURES__ONLINE_STORE": "redis",
            "LLMOPS_FEATURES__ONLINE_STORE_OPTIONS": json.dumps(
                {"connection_string": f"127.0.0.1:{REDIS},db=1,password={redis_password}"}
            ),
        }
    )
    from pipeline.local import stack
    from pipeline.settings import load

    try:
        start_postgres(database)
        settings = stack.up(load(), airflow=False)
        start_others(settings, home, redis_password)
        yield Native(dict(os.environ), home, redis_password)
    finally:
        stack.down(load())
        stop_postgres(database)
        shutil.rmtree(database, ignore_errors=True)


def start_others(settings, home: Path, redis_password: str) -> None:
    from pipeline.local import airflow_stack, credentials
    from pipeline.local.process import Service, Supervisor
    from pipeline.spark.java import java_home

    supervisor = Supervisor(settings.state_dir)
    made = credentials.load(settings)
    java = {
        "JAVA_HOME": str(java_home(settings.state_dir)),
        "SPARK_DAEMON_MEMORY": "256m",
        "PYSPARK_PYTHON": sys.executable,
    }
    spark_class = str(BIN / "spark-class")
    master = "org.apache.spark.deploy.master.Master"
    worker = "org.apache.spark.deploy.worker.Worker"
    services = [
        Service(
            "redis",
            [
                "redis-server",
                "--port",
                str(REDIS),
                "--bind",
                "127.0.0.1",
                "--requirepass",
                redis_password,
                "--dir",
                str(home),
            ],
            ports=[REDIS],
        ),
        Service(
            "spark-master",
            [spark_class, master, "--host", "127.0.0.1", "--port", str(SPARK), "--webui-port", str(SPARK_UI)],
            environment=java,
            health_url=f"http://127.0.0.1:{SPARK_UI}/json/",
        ),
    ]
    for number in (1, 2):
        port = str(SPARK_UI + number)
        command = [spark_class, worker, "--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", port]
        command += ["--work-dir", str(home / f"worker{number}"), f"spark://127.0.0.1:{SPARK}"]
        services.append(
            Service(f"spark-worker-{number}", command, environment=java, health_url=f"http://127.0.0.1:{port}/json/")
        )
    postgres = f"airflow@127.0.0.1:{POSTGRES}/airflow"
    variables = {
        **airflow_stack.environment(settings, made),
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{postgres}",
        "AIRFLOW__CELERY__BROKER_URL": f"redis://:{redis_password}@127.0.0.1:{REDIS}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{postgres}",
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "604800",
        "AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL": "true",
        "C_FORCE_ROOT": "true",
    }
    airflow = str(BIN / "airflow")
    (settings.state_dir / "airflow").mkdir(exist_ok=True)
    (settings.state_dir / "airflow" / "passwords.json").write_text(json.dumps(made.passwords))
    done = subprocess.run(
        [airflow, "db", "migrate"], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    url = airflow_stack.base_url(settings)
    services += [
        Service(
            "airflow-api-server",
            [airflow, "api-server"],
            environment=variables,
            health_url=f"{url}/api/v2/version",
            start_seconds=240,
        ),
        Service("airflow-scheduler", [airflow, "scheduler"], environment=variables),
        Service("airflow-dag-processor", [airflow, "dag-processor"], environment=variables),
        Service("airflow-triggerer", [airflow, "triggerer"], environment=variables),
        Service(
            "airflow-worker",
            [airflow, "celery", "worker", "--queues", "default", "--concurrency", "1", "--skip-serve-logs"],
            environment=variables,
        ),
    ]
    for service in services:
        supervisor.start(service)
    for service in services:
        supervisor.await_healthy(service)


def test_the_pinned_celery_fits_the_executor() -> None:
    from airflow.providers.celery.executors.celery_executor import CeleryExecutor

    assert CeleryExecutor.supports_callbacks, "deadlines are told by the executor"


def test_the_pipeline_runs_on_it_from_start_to_end(native: Native) -> None:
    from pipeline.local.credentials import load as credentials_of
    from pipeline.orchestration.api import AirflowApi, connect
    from pipeline.orchestration.command import Review, _on_review
    from pipeline.settings import load

    settings = load()
    os.environ["AIRFLOW_USERNAME"], os.environ["AIRFLOW_PASSWORD"] = (
        "operator",
        credentials_of(settings).passwords["operator"],
    )
    api: AirflowApi = connect(settings)
    api.ensure_pool("gpu", 1, "one at a time")
    for dag in ("llm_pipeline", "llm_rollback"):
        api.await_dag(dag, 240)
        api.unpause(dag)
    run = api.trigger("llm_pipeline")
    answered: set[str] = set()
    seen: dict[str, float] = {}
    begun = time.monotonic()
    while (state := api.run_state("llm_pipeline", run)) not in ("success", "failed"):
        assert time.monotonic() - begun < TIMEOUT, api.tasks("llm_pipeline", run)
        for waiting in api.waiting_reviews("llm_pipeline", run):
            first = seen.setdefault(waiting.task_id, time.monotonic())
            if waiting.task_id not in answered and time.monotonic() - first > 8:
                answered.add(waiting.task_id)
                _on_review(settings, waiting, Review.approve)
        time.sleep(2)
    tasks = api.tasks("llm_pipeline", run)
    wall = time.monotonic() - begun
    assert state == "success", [task for task in tasks if task.state != "success"]
    sys.stderr.write(f"\nrun {wall:.0f} s; tasks {json.dumps({t.task_id: round(t.seconds, 1) for t in tasks})}\n")
    shown = native.llmops("models", "list")
    assert json.loads(shown.stdout)[0]["version"] == "v1", shown.stderr


def test_what_stands_behind_it_is_what_was_asked_for(native: Native) -> None:
    import urllib.request

    workers = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{SPARK_UI}/json/").read())
    assert workers["aliveworkers"] == 2
    assert workers["completedapps"], "Spark's master has seen no application"
    pong = subprocess.run(
        ["redis-cli", "-p", str(REDIS), "-n", "1", "dbsize"],
        env={**os.environ, "REDISCLI_AUTH": native.password},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(pong.stdout.split()[-1]) > 0, "Feast's online store holds nothing"
    doctor = json.loads(native.llmops("doctor").stdout)
    assert [entry for entry in doctor if entry["status"] == "failed"] == []
