"""Airflow's REST API, as far as the command line needs it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import httpx

from pipeline.errors import ServiceError, SettingsError
from pipeline.settings import Settings

FINISHED = {"success", "failed"}
TASK_DONE = {"success", "failed", "skipped", "upstream_failed", "removed"}


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task of a run: its state, how long it worked in seconds, and which attempt this is."""

    task_id: str
    state: str | None
    seconds: float
    attempt: int


@dataclass(frozen=True, slots=True)
class WaitingReview:
    """A review that waits for an answer."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    subject: str
    body: str
    assigned: tuple[str, ...]
    fields: dict[str, Any]


class AirflowApi:
    """A client with one user's token."""

    def __init__(self, url: str, username: str, password: str) -> None:
        """Log in at the first call."""
        self.url = url.rstrip("/")
        self._login = {"username": username, "password": password}
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        self._token: str | None = None

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call the API and return its JSON; raises ServiceError with Airflow's own words when it refuses."""
        if self._token is None:
            self._token = self._sign_in()
        try:
            answer = self._http.request(
                method, f"/api/v2{path}", headers={"Authorization": f"Bearer {self._token}"}, **arguments
            )
        except httpx.HTTPError as problem:
            raise self._away(problem) from None
        if answer.is_error:
            raise ServiceError(
                f"Airflow refused ({answer.status_code}): {_detail(answer)}", where=f"{method} {self.url}/api/v2{path}"
            )
        return answer.json() if answer.content else None

    def _sign_in(self) -> str:
        try:
            answer = self._http.post("/auth/token", json=self._login)
        except httpx.HTTPError as problem:
            raise self._away(problem) from None
        if answer.is_error:
            raise ServiceError(
                f"Airflow does not let {self._login['username']} in: {_detail(answer)}",
                where=self.url,
                remedy="Check AIRFLOW_USERNAME and AIRFLOW_PASSWORD",
            )
        token: str = answer.json()["access_token"]
        return token

    def _away(self, problem: Exception) -> ServiceError:
        return ServiceError(
            f"Airflow does not answer: {problem}",
            where=self.url,
            remedy="Start it with: llmops up (or check airflow.url)",
        )

    def await_dag(self, dag_id: str, seconds: float = 120) -> None:
        """Wait until Airflow has read a DAG; raises ServiceError with the import error when it cannot be read."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.call("GET", "/dags", params={"dag_id_pattern": dag_id})["dags"]
            if any(dag["dag_id"] == dag_id for dag in found):
                return
            faults = self.call("GET", "/importErrors")["import_errors"]
            if faults:
                raise ServiceError(
                    f"A DAG file cannot be read: {faults[0]['stack_trace'].strip().splitlines()[-1]}",
                    where=faults[0]["filename"],
                )
            time.sleep(1)
        raise ServiceError(f"Airflow has not found the DAG {dag_id} after {seconds:.0f} s", where=self.url)

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool unless it is there."""
        names = {pool["name"] for pool in self.call("GET", "/pools")["pools"]}
        if name not in names:
            body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            self.call("POST", "/pools", json=body)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run and return its id."""
        run = self.call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf or {}})
        run_id: str = run["dag_run_id"]
        return run_id

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return queued, running, success or failed."""
        state: str = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
        return state

    def active_runs(self, dag_id: str) -> list[str]:
        """Return the runs that are queued or running."""
        runs = self.call("GET", f"/dags/{dag_id}/dagRuns", params={"state": ["queued", "running"]})["dag_runs"]
        return [run["dag_run_id"] for run in runs]

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the tasks of a run, in the order in which they started."""
        found = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 200})
        listed = sorted(found["task_instances"], key=lambda task: (task["start_date"] or "9", task["task_id"]))
        return [
            TaskState(task["task_id"], task["state"], task["duration"] or 0.0, task["try_number"]) for task in listed
        ]

    def log_text(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> list[str]:
        """Return the lines of a task's log."""
        content = self.call(
            "GET",
            f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}",
            params={"full_content": True},
        )["content"]
        lines = [entry if isinstance(entry, str) else _line(entry) for entry in content]
        return [line for line in lines if line]

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return what a task returned, or None."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        try:
            return self.call("GET", path, params={"deserialize": True})["value"]
        except ServiceError:
            return None

    def waiting_reviews(self, dag_id: str = "~", run_id: str = "~") -> list[WaitingReview]:
        """Return the reviews that wait for an answer."""
        found = self.call(
            "GET",
            f"/dags/{dag_id}/dagRuns/{run_id}/hitlDetails",
            params={"response_received": False, "state": "awaiting_input"},
        )
        return [_review(detail) for detail in found["hitl_details"]]

    def answer(self, review: WaitingReview, option: str, fields: dict[str, Any]) -> None:
        """Answer a review as this client's user."""
        self.call(
            "PATCH",
            f"/dags/{review.dag_id}/dagRuns/{review.run_id}/taskInstances/{review.task_id}"
            f"/{review.map_index}/hitlDetails",
            json={"chosen_options": [option], "params_input": fields},
        )

    def mark_successful(self, review: WaitingReview) -> None:
        """End a review that waits without an answer to it."""
        self.call(
            "PATCH",
            f"/dags/{review.dag_id}/dagRuns/{review.run_id}/taskInstances/{review.task_id}",
            params={"update_mask": ["new_state"]},
            json={"new_state": "success"},
        )


def connect(settings: Settings, username: str | None = None) -> AirflowApi:
    """Return a client for a user: of the environment, or one whose password this checkout's services made.

    Raises SettingsError when the user's password is not known.
    """
    from pipeline.local import airflow_stack, credentials

    url = settings.airflow.url or airflow_stack.base_url(settings)
    made = credentials.load(settings) if settings.local.enabled else None
    name = username or os.environ.get("AIRFLOW_USERNAME") or (credentials.OPERATOR if made else None)
    password = made.passwords.get(name) if made and name else None
    if os.environ.get("AIRFLOW_USERNAME") == name:
        password = os.environ.get("AIRFLOW_PASSWORD", password)
    if not name or not password:
        raise SettingsError(
            f"There is no password for the Airflow user {name or '(none given)'}",
            remedy="Set AIRFLOW_USERNAME and AIRFLOW_PASSWORD",
        )
    return AirflowApi(url, name, password)


def _review(detail: dict[str, Any]) -> WaitingReview:
    task = detail["task_instance"]
    return WaitingReview(
        dag_id=task["dag_id"],
        run_id=task["dag_run_id"],
        task_id=task["task_id"],
        map_index=task["map_index"],
        subject=detail["subject"],
        body=detail.get("body") or "",
        assigned=tuple(user["id"] for user in detail.get("assigned_users") or []),
        fields=detail.get("params") or {},
    )


def _detail(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:300]
    return str(body.get("detail", body)) if isinstance(body, dict) else str(body)


def _line(entry: dict[str, Any]) -> str:
    event = str(entry.get("event", ""))
    causes = [f"{fault.get('exc_type')}: {fault.get('exc_value')}" for fault in entry.get("error_detail") or []]
    if causes:
        return causes[0]
    known = {"timestamp", "event", "level", "logger", "source", "chan", "filename", "lineno", "error_detail"}
    extra = " ".join(f"{key}={value}" for key, value in entry.items() if key not in known)
    return f"{event} {extra}".strip()
