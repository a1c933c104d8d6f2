"""The whole pipeline as a person runs it, on small real input: approved, unchanged, rejected, killed, asked, audited.

The base model is the tiny preset with random weights, so that this takes minutes; the test policy therefore asks for no
quality, and everything else is as in the sample policy. The tests build on each other, in this order.
"""

from __future__ import annotations

import re
import subprocess
import time

import psutil
import pytest

pytestmark = pytest.mark.end_to_end


def test_approved_run_publishes(stack) -> None:
    done = stack.llmops("run", "--review", "approve")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Published: acme/faq-assistant v1" in done.stdout
    (version,) = stack.json("models", "list")
    assert version["version"] == "v1"
    assert version["production"]


def test_release_names_its_evidence(stack) -> None:
    release = stack.json("models", "show", "production")
    assert {"model.safetensors", "README.md", "evaluation.json", "compliance.json"} <= set(release["files"])
    assert len(release["approvals"]) == 2
    assert stack.llmops("audit", "verify").returncode == 0


def test_published_model_answers(stack) -> None:
    answered = stack.json("ask", "How do I return an item?", "--context", "Items can be returned within 30 days.")
    assert answered["version"] == "v1"
    assert isinstance(answered["answer"], str)


def test_second_run_finds_nothing_to_do(stack) -> None:
    begun = time.monotonic()
    done = stack.llmops("run", "--review", "reject")
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Nothing changed" in done.stdout
    assert len(stack.json("models", "list")) == 1
    assert time.monotonic() - begun < 300


def test_daily_check_of_the_published_model_passes(stack) -> None:
    done = stack.llmops("run", "--dag", "llm_performance_and_compliance")
    assert done.returncode == 0, done.stdout[-6000:]


def test_rejected_retraining_publishes_nothing(stack) -> None:
    """One reviewer rejects it; the review of the other would hold the next run up until its time is over."""
    runner = stack.start("run", "--dag", "llm_retrain", "--conf", '{"reason": "another method", "method": "full"}')
    waiting = _waiting_reviews(stack, runner, 2)
    time.sleep(8)  # an answer in the second in which Airflow parks a task can get lost
    assert stack.llmops("reviews", "close").stdout.strip() == "No review of a rejected run waits."
    answer = ("--as", "model_reviewer", "--comment", "It answers worse than the one that we have.")
    assert stack.llmops("reviews", "reject", "model_review", *answer).returncode == 0
    closed: list[dict[str, str]] = []
    while runner.poll() is None and not closed:
        closed = stack.json("reviews", "close")
    assert [review["task"] for review in closed] == [name for name in waiting if name.endswith("legal_review")]
    output, _ = runner.communicate(timeout=120)
    assert runner.returncode == 2, output[-6000:]
    assert "rejected" in output
    assert [version["version"] for version in stack.json("models", "list")] == ["v1"]
    refused = [record for record in stack.json("audit", "show") if record["event"] == "refused"]
    assert "rejected it" in refused[-1]["data"]["reason"]


def test_killed_training_is_tried_again_and_published(stack) -> None:
    """The task's process dies with SIGKILL while it trains a T5; Airflow tries again and the run ends as any other."""
    command = [
        *("run", "--dag", "llm_retrain", "--review", "approve"),
        *("--conf", '{"reason": "a run that is killed in between", "base_model": "tiny:t5"}'),
    ]
    runner = stack.start(*command)
    victim = _task_process(stack, runner, "develop.train")
    if victim is not None:
        victim.kill()
    output, _ = runner.communicate(timeout=900)
    assert victim is not None, f"the task was never seen at work:\n{output[-6000:]}"
    assert runner.returncode == 0, output[-6000:]
    assert "failed and will be tried again" in output
    assert "v2" in output


def test_no_secret_stands_in_any_log(stack) -> None:
    logs = stack.logs()
    assert any("publish.release" in str(path) for path in logs)
    for name, secret in stack.secrets().items():
        assert [path for path, text in logs.items() if secret in text] == [], name
    signed = re.compile(r"[?&](?:X-Amz-S|s)ignature=")
    assert [path for path, text in logs.items() if signed.search(text)] == []


def _waiting_reviews(stack, runner: subprocess.Popen[str], count: int, seconds: float = 900) -> list[str]:
    """Return the tasks of the waiting reviews once there are so many."""
    deadline = time.monotonic() + seconds
    found: list[str] = []
    while len(found) < count and time.monotonic() < deadline and runner.poll() is None:
        time.sleep(2)
        found = [review["task"] for review in stack.json("reviews", "list")]
    assert len(found) == count, runner.communicate(timeout=60)[0][-6000:]
    return found


def _task_process(stack, runner: subprocess.Popen[str], task: str, seconds: float = 600) -> psutil.Process | None:
    """Return the process of a task while it is the only one at work, or None when the run ends without."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and runner.poll() is None:
        if stack.tasks_at_work("llm_retrain") == [task]:
            for process in psutil.process_iter(["cmdline"]):
                title = (process.info["cmdline"] or [""])[0]
                if title.startswith("airflow worker -- ") and "LocalExecutor" not in title and stack.owns(process):
                    return process
        time.sleep(0.2)
    return None
