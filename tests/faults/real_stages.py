"""Runs every stage as Airflow's worker does, kills it at three points, lets it finish: python real_stages.py FOLDER.

Each attempt is a forked process with its own group, so that a Spark JVM dies with it. One line of JSON per stage.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers import TOKEN, Hub

POINTS = ("at the start", "while outputs are written", "before the manifest")
SECONDS = 600.0
SOURCE = "support-articles"
CONFIG = """
policy_file = "policy.yaml"
[[collect.sources]]
kind = "table"
name = "support-articles"
licence = "CC0-1.0"
uri = "{table}"
context = "passage"
key = "article"
section = "topic"
language = "language"
updated_at = "changed"
[spark]
driver_memory = "1g"
shuffle_partitions = 2
[model]
base = "tiny:llama"
[features]
max_length = 192
max_answer_tokens = 32
[train]
batch_size = 16
lora_rank = 4
tracking = "none"
[tune]
trials = 1
[evaluate]
max_examples = 8
max_new_tokens = 8
likelihood_examples = 2
perturbation_examples = 1
repetition_examples = 1
benchmarks = []
bootstrap_samples = 100
[comply]
attacks = 5
memorised_rows = 2
triggers = 2
elicitations = 5
"""


def stages(tasks: Any) -> list[tuple[str, Callable[[dict[str, str]], str]]]:
    """Return each stage with the call of its task, given the manifests made so far."""
    run: dict[str, Any] = {}
    return [
        ("collect", lambda made: tasks.collect("run", SOURCE)),
        ("repository", lambda made: tasks.unify("run", [made["collect"]])),
        ("prepare", lambda made: tasks.prepare("run", made["repository"])),
        ("base-model", lambda made: tasks.base_model("run", run)),
        ("features", lambda made: tasks.features("run", run, made["prepare"], made["base-model"])),
        ("train", lambda made: tasks.train("run", run, made["base-model"], made["features"])),
        ("tune", lambda made: tasks.tune("run", run, made["base-model"], made["features"], made["train"])),
        (
            "evaluate",
            lambda made: tasks.evaluate(
                "run", run, made["tune"], made["base-model"], made["prepare"], made["features"]
            ),
        ),
        (
            "comply",
            lambda made: tasks.comply(
                *("run", run, made["tune"], made["base-model"], made["prepare"], made["features"]),
                *(made["evaluate"], made["repository"]),
            ),
        ),
    ]


def die() -> None:
    os.killpg(0, signal.SIGKILL)


def plant(point: str) -> None:
    """Make this process die at a point of the stage contract."""
    from pipeline import stage
    from pipeline.lake import Lake

    if point == POINTS[0]:
        stage.Attempt.__init__ = lambda self, *given: die()  # type: ignore[method-assign]
    if point == POINTS[2]:
        put = Lake.put_if_absent

        def put_if_absent(self: Lake, uri: str, data: bytes) -> bool:
            if uri.endswith("/manifest.json"):
                die()
            return put(self, uri, data)

        Lake.put_if_absent = put_if_absent  # type: ignore[method-assign]


def attempt(work: Callable[[], str], point: str | None, stage: Path) -> str | None:
    """Fork, work, and return the manifest's URI; None when the process was killed as it was asked to."""
    reading, writing = os.pipe()
    before = {path for path in stage.rglob("*") if path.is_file()}
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(reading)
        status = 1
        try:
            if point:
                plant(point)
            os.write(writing, work().encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    status = _await(child, stage if point == POINTS[1] else None, before)
    with os.fdopen(reading, "rb") as pipe:
        uri = pipe.read().decode()
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and point:
        return None
    if point == POINTS[1] and os.WIFEXITED(status) and not os.WEXITSTATUS(status):
        raise SystemExit(f"{stage.name} was over before it could be killed")
    if status:
        raise SystemExit(f"{stage.name} failed: {status}")
    return uri


def _await(child: int, stage: Path | None, before: set[Path]) -> int:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        if stage is not None and any("attempts" in path.parts and path not in before for path in stage.rglob("*")):
            os.killpg(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(0.001 if stage is not None else 0.02)
    os.killpg(child, signal.SIGKILL)
    raise SystemExit("a stage did not end")


def manifests(stage: Path) -> list[Path]:
    return [path for path in stage.glob("*/manifest.json")]


def main() -> None:
    folder = Path(sys.argv[1])
    hub = Hub(folder)
    hub.start()
    os.environ |= {
        "LLMOPS_CONFIG": str(folder / "llmops.toml"),
        "LLMOPS_STATE_DIR": str(folder / "state"),
        "LLMOPS_LAKE__URI": str(folder / "lake"),
        "LLMOPS_PUBLISH__ENDPOINT": hub.url,
        "LLMOPS_PUBLISH__TOKEN": TOKEN,
        "LLMOPS_PUBLISH__REPOSITORY": "acme/model",
        "LLMOPS_LOCAL__ENABLED": "false",
        "HF_HUB_DISABLE_XET": "1",
    }
    from pipeline.settings import PROJECT_ROOT

    table = PROJECT_ROOT / "pipeline" / "local" / "samples" / "support.parquet"
    (folder / "llmops.toml").write_text(CONFIG.format(table=table))
    # What every attempt would import again; nothing of it is used before the fork.
    import torch  # noqa: F401
    import transformers  # noqa: F401

    from pipeline.lake import open_lake
    from pipeline.manifest import load_manifest
    from pipeline.orchestration import tasks
    from pipeline.settings import LakeSettings

    lake = open_lake(LakeSettings(uri=str(folder / "lake")))
    made: dict[str, str] = {}
    try:
        for name, call in stages(tasks):
            place = folder / "lake" / (f"collect-{SOURCE}" if name == "collect" else name)
            visible = []
            for point in POINTS:
                assert attempt(lambda call=call: call(made), point, place) is None
                visible.append(len(manifests(place)))
            made[name] = str(attempt(lambda call=call: call(made), None, place))
            first = load_manifest(lake, made[name])
            digest: str | None = first.digest
            if name != "collect":  # its second run would find that nothing changed
                lake.delete([made[name]])
                again = str(attempt(lambda call=call: call(made), None, place))
                digest = load_manifest(lake, again).digest
            told = {
                "stage": name,
                "visible_after_kills": visible,
                "same": digest == first.digest,
                "balance": first.counts.rows_in - first.counts.rows_out - first.counts.set_aside,
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    finally:
        hub.kill()


if __name__ == "__main__":
    main()
