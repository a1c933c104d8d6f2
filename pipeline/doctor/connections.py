"""Checks of what the pipeline talks to: lake, model store, mail, Airflow, and how far clocks differ."""

from __future__ import annotations

import os
import smtplib
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from pipeline import mail_connection
from pipeline.doctor.result import Result, failed, ok, warning
from pipeline.errors import PipelineError
from pipeline.mail import connected
from pipeline.settings import MailSettings, Settings

TIMEOUT = 10.0
SKEW_WARNS, SKEW_FAILS = 5.0, 300.0
AWS = "https://s3.amazonaws.com"
BACKEND = "pipeline.airflow_secrets.MailFromSettings"


def lake(settings: Settings) -> Iterator[Result]:
    """Write, read, list and delete a probe, and see whether conditional puts are honoured: manifests rest on them."""
    from pipeline.lake import open_lake

    where = settings.lake.uri
    try:
        opened = open_lake(settings.lake)
        uri = opened.uri("doctor", f"{uuid.uuid4().hex}.probe")
        begun = time.perf_counter()
        opened.write(uri, b"probe")
        same = opened.read(uri) == b"probe" and opened.stat(uri) is not None
        seconds = time.perf_counter() - begun
        conditional = not opened.put_if_absent(uri, b"other")
        opened.delete([uri])
    except PipelineError as problem:
        yield failed("lake", problem.what, problem.remedy or "Check lake.uri, lake.endpoint_url and the credentials")
        return
    if not same:
        yield failed("lake", f"{where} does not give back what was written", "Use a store with read-after-write")
    elif not conditional:
        yield failed(
            "lake",
            f"{where} overwrites although If-None-Match forbids it",
            "Use a store with conditional writes: two writers would overwrite each other's manifests",
        )
    else:
        yield ok("lake", f"{where} writes, reads and refuses to overwrite; {seconds * 1000:.0f} ms")


def clocks(settings: Settings) -> Iterator[Result]:
    """Compare this machine's clock with those of the object store and the model store."""
    from pipeline.publish.store import ModelStore

    places = {"model store": ModelStore(settings).endpoint}
    if settings.lake.uri.startswith("s3://"):
        places["object store"] = settings.lake.endpoint_url or AWS
    for name, url in places.items():
        try:
            answer = httpx.head(url, timeout=TIMEOUT, trust_env=False)
            theirs = parsedate_to_datetime(answer.headers["date"])
        except (httpx.HTTPError, KeyError, ValueError) as problem:
            yield warning("clocks", f"the {name} tells no time ({problem or type(problem).__name__})", f"Look at {url}")
            continue
        # The header has whole seconds, so up to one second of difference says nothing.
        skew = max(0.0, abs((datetime.now(UTC) - theirs).total_seconds()) - 1)
        text = f"{skew:.0f} s between this machine and the {name}"
        remedy = (
            "Let a time service set both clocks (chrony or systemd-timesyncd); S3 refuses requests from 15 minutes on"
        )
        if skew >= SKEW_FAILS:
            yield failed("clocks", text, remedy)
        elif skew >= SKEW_WARNS:
            yield warning("clocks", text, remedy)
        else:
            yield ok("clocks", text)


def model_store(settings: Settings) -> Iterator[Result]:
    """Ask the model store who we are and what is in production."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    from pipeline.publish.store import ModelStore

    store = ModelStore(settings)
    token = settings.publish.token
    try:
        who = HfApi(endpoint=store.endpoint, token=token.get_secret_value() if token else None).whoami()
        release = store.production()
    except HfHubHTTPError as problem:
        yield failed(
            "model store", str(problem).splitlines()[0], "Set LLMOPS_PUBLISH__TOKEN to a token that may write there"
        )
    except (PipelineError, httpx.HTTPError, OSError, ValueError) as problem:
        yield failed("model store", str(problem), "Check publish.endpoint and that the store is up (llmops status)")
    except Exception as problem:  # the client's own transport has errors of its own
        yield failed("model store", f"{type(problem).__name__}: {problem}", f"Check that {store.endpoint} answers")
    else:
        present = release["version"] if release else "nothing yet"
        yield ok("model store", f"{store.url()} as {who.get('name')}; in production: {present}")


def mail(settings: Settings) -> Iterator[Result]:
    """Greet the mail server and, where Airflow's environment is, the one that its tasks write through."""
    tasks = os.environ.get(mail_connection.VARIABLE)
    chosen = settings.mail
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ and not tasks and not _backend():
        yield warning(
            "mail",
            "the environment has no connection smtp_default, through which tasks write",
            f"Set {mail_connection.VARIABLE} or AIRFLOW__SECRETS__BACKEND={BACKEND}, unless Airflow's database has it",
        )
    if tasks:
        try:
            own = mail_connection.as_mail(tasks)
        except PipelineError as problem:
            yield failed("mail", f"{problem.what} ({problem.where})", problem.remedy or "Correct it")
        else:
            people = {"operators": chosen.operators, "sender": chosen.sender}
            yield _greeted("mail of tasks", own.model_copy(update=people), f"Check {mail_connection.VARIABLE}")
    yield _greeted("mail", chosen, "Check [mail]; without it nobody is told")


def _backend() -> bool:
    """Tell whether a secrets backend is configured: ours, or one of the deployment's own, which may have it."""
    return bool(os.environ.get("AIRFLOW__SECRETS__BACKEND"))


def _greeted(name: str, chosen: MailSettings, remedy: str) -> Result:
    where = f"{chosen.host}:{chosen.port}"
    try:
        with connected(chosen, TIMEOUT) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as problem:
        return warning(name, f"{where} does not take mail: {problem}", remedy)
    return ok(name, f"{where} takes mail for {', '.join(chosen.operators)}")


def airflow(settings: Settings) -> Iterator[Result]:
    """Ask Airflow for the health of its parts."""
    from pipeline.local import airflow_stack

    url = (settings.airflow.url or airflow_stack.base_url(settings)).rstrip("/")
    try:
        health = httpx.get(f"{url}/api/v2/monitor/health", timeout=TIMEOUT, trust_env=False).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as problem:
        yield failed("airflow", f"{url} does not answer: {problem}", "Start it (llmops up), or correct airflow.url")
        return
    sick = [
        f"{name} is {part.get('status')}"
        for name, part in health.items()
        if part and part.get("status") not in ("healthy", None)
    ]
    if sick:
        yield failed("airflow", "; ".join(sick), "Look at the logs of these parts and start them again")
    else:
        yield ok("airflow", f"{url}: {', '.join(name for name, part in health.items() if part)} healthy")
