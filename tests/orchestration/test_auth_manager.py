"""A reviewer can read and answer reviews, and do nothing else: through the real API application."""

from __future__ import annotations

import pytest

DAG = "llm_pipeline"
RUN = f"/api/v2/dags/{DAG}/dagRuns/some-run"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None}),
        ("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": True}),
        ("DELETE", f"/api/v2/dags/{DAG}", None),
        ("PATCH", f"{RUN}/taskInstances/review.model_review", {"new_state": "success"}),
        ("PATCH", RUN, {"state": "success"}),
        ("POST", f"{RUN}/taskInstances/review.model_review/xcomEntries", {"key": "return_value", "value": "x"}),
        ("PATCH", f"{RUN}/taskInstances/x/xcomEntries/return_value", {"value": "x"}),
        ("POST", f"/api/v2/dags/{DAG}/clearTaskInstances", {"dry_run": False}),
        ("POST", "/api/v2/variables", {"key": "a", "value": "b"}),
        ("GET", "/api/v2/variables", None),
        ("GET", "/api/v2/connections", None),
        ("POST", "/api/v2/pools", {"name": "p", "slots": 1}),
        ("PATCH", "/api/v2/pools/gpu", {"slots": 0}),
    ],
)
@pytest.mark.parametrize("user", ["model_reviewer", "watcher"])
def test_everything_but_answering_is_forbidden(client, login, user: str, method: str, path: str, body) -> None:
    assert client.request(method, path, json=body, headers=login(user)).status_code == 403


def test_reviewers_may_read_and_reach_the_answer(client, login) -> None:
    assert client.get("/api/v2/dags", headers=login("model_reviewer")).status_code == 200
    path = f"{RUN}/taskInstances/review.model_review/-1/hitlDetails"
    body = {"chosen_options": ["Approve"], "params_input": {}}
    assert client.patch(path, json=body, headers=login("model_reviewer")).status_code == 404
    assert client.patch(path, json=body, headers=login("watcher")).status_code == 403


def test_nobody_answers_without_a_login(client) -> None:
    assert (
        client.patch(f"{RUN}/taskInstances/x/-1/hitlDetails", json={"chosen_options": ["Approve"]}).status_code == 401
    )


def test_reports_need_a_login(client) -> None:
    assert client.get(f"/llmops/runs/{DAG}/some-run/").status_code == 401
