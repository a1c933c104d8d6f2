"""One way to get a Spark session: local or on a cluster, quiet, in UTC, with this project's code in the executors."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ServiceError
from pipeline.log import get_logger
from pipeline.settings import Settings
from pipeline.spark.java import java_home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = get_logger(__name__)
PACKAGE = Path(__file__).resolve().parent.parent
LOG_CONFIGURATION = Path(__file__).resolve().with_name("log4j2.json")
LOOPBACK = "127.0.0.1"
ARROW_BATCH_ROWS = 4096


@contextmanager
def spark_session(settings: Settings) -> Iterator[SparkSession]:
    """Yield the Spark session of these settings; it ends with the block unless it was there before.

    Raises ServiceError when there is no Java or when Spark does not start.
    """
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    session = _start(settings)
    try:
        yield session
    finally:
        session.stop()


def configuration(settings: Settings) -> dict[str, str]:
    """Return the Spark properties of these settings. They show in process lists and logs, so no secret is in them."""
    chosen = settings.spark
    state = settings.state_dir / "spark"
    log_option = f"-Dlog4j2.configurationFile={LOG_CONFIGURATION.as_uri()}"
    made = {
        "spark.app.name": "llmops",
        "spark.master": chosen.master,
        "spark.driver.memory": chosen.driver_memory,
        "spark.driver.extraJavaOptions": f"{log_option} -Duser.timezone=UTC",
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.executorEnv.TZ": "UTC",
        "spark.executorEnv.TOKENIZERS_PARALLELISM": "false",
        "spark.local.dir": str(state / "scratch"),
        "spark.sql.warehouse.dir": str(state / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(chosen.shuffle_partitions),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ARROW_BATCH_ROWS),
        # A broken worker must fail its task with a reason, not by a timeout.
        "spark.python.worker.faulthandler.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if _is_here(chosen.master):
        made |= {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}
    return made | chosen.conf


def _is_here(master: str) -> bool:
    return master.startswith(("local", f"spark://{LOOPBACK}:"))


def _start(settings: Settings) -> SparkSession:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    os.environ["JAVA_HOME"] = str(java_home(settings.state_dir))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    (settings.state_dir / "spark" / "scratch").mkdir(parents=True, exist_ok=True)
    builder: Any = SparkSession.builder
    for name, value in configuration(settings).items():
        builder = builder.config(name, value)
    try:
        with _errors_into(settings.state_dir / "spark" / "spark.log"):
            session: SparkSession = builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as problem:
        raise ServiceError(
            f"Spark did not start: {problem}",
            where=f"{settings.spark.master}, log in {settings.state_dir / 'spark' / 'spark.log'}",
            remedy="Check spark.master, spark.driver_memory and the Java in JAVA_HOME",
        ) from problem
    session.sparkContext.setLogLevel("ERROR")
    if not settings.spark.master.startswith("local"):
        _send_code(session, settings.state_dir / "spark" / "code")
    return session


@contextmanager
def _errors_into(log_file: Path) -> Iterator[None]:
    """Let the Java process that is started in this block write its standard error to a file, not over ours."""
    sys.stderr.flush()
    ours = os.dup(2)
    try:
        with log_file.open("ab") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)


def _send_code(session: SparkSession, folder: Path) -> None:
    """Give the executors exactly the code that the driver runs, whatever is installed there.

    Spark serves the archive from where it lies for as long as the session lasts, so it is no temporary file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = Path(tempfile.mkdtemp(dir=folder)) / "pipeline.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(PACKAGE.rglob("*")):
            inner = file.relative_to(PACKAGE)
            if file.is_file() and "__pycache__" not in inner.parts and inner.parts[0] != "local":
                target.write(file, f"pipeline/{inner.as_posix()}")
    session.sparkContext.addPyFile(str(archive))
    atexit.register(shutil.rmtree, archive.parent, ignore_errors=True)
