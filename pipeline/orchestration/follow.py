"""Following a run in the terminal: each task as it starts and ends, the cause of a failure, the waiting reviews."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.markup import escape

from pipeline.console import console, say
from pipeline.orchestration.api import FINISHED, TASK_DONE, AirflowApi, TaskState, WaitingReview

POLL_SECONDS = 1.0
SETTLE_SECONDS = 7.0
LOG_LINES = 12
NOISE = ("::", "DAG bundles", "Filling up", "Worker startup", "Task failed", "Traceback", "/")
MARKS = {"success": "[green]✓[/]", "failed": "[red]✗[/]", "skipped": "[dim]–[/]", "upstream_failed": "[dim]–[/]"}


class Follower:
    """Shows what changed since it last looked."""

    def __init__(self, api: AirflowApi, dag_id: str, run_id: str) -> None:
        """Follow one run."""
        self.api, self.dag_id, self.run_id = api, dag_id, run_id
        self._seen: dict[str, tuple[str | None, int]] = {}
        self._parked: dict[str, float] = {}

    def until_done(self, on_review: Callable[[WaitingReview], None]) -> str:
        """Show progress until the run ends and return its state; `on_review` is called once per waiting review."""
        asked: set[tuple[str, int]] = set()
        while True:
            state = self.api.run_state(self.dag_id, self.run_id)
            tasks = self.api.tasks(self.dag_id, self.run_id)
            for task in tasks:
                self._show(task)
            for review in self._settled(tasks):
                attempt = next((task.attempt for task in tasks if task.task_id == review.task_id), 0)
                if (review.task_id, attempt) not in asked:
                    asked.add((review.task_id, attempt))
                    on_review(review)
            if state in FINISHED:
                return state
            time.sleep(POLL_SECONDS)

    def _settled(self, tasks: list[TaskState]) -> list[WaitingReview]:
        """Return the reviews that have waited for a moment: an answer in the second of parking can get lost."""
        waiting = {task.task_id for task in tasks if task.state == "awaiting_input"}
        now = time.monotonic()
        self._parked = {name: self._parked.get(name, now) for name in waiting}
        ready = {name for name, since in self._parked.items() if now - since >= SETTLE_SECONDS}
        if not ready:
            return []
        return [r for r in self.api.waiting_reviews(self.dag_id, self.run_id) if r.task_id in ready]

    def _show(self, task: TaskState) -> None:
        present = (task.state, task.attempt)
        if self._seen.get(task.task_id) == present or task.state in (None, "scheduled", "queued"):
            return
        self._seen[task.task_id] = present
        name = task.task_id.ljust(28)
        if task.state == "running":
            say(f"  [cyan]·[/] {name} [dim]working{f' (attempt {task.attempt})' if task.attempt > 1 else ''}[/]")
        elif task.state in TASK_DONE:
            say(f"  {MARKS.get(task.state, ' ')} {name} [dim]{task.state}  {task.seconds:.1f} s[/]")
        elif task.state == "awaiting_input":
            say(f"  [yellow]?[/] {name} waits for a person")
        elif task.state == "up_for_retry":
            say(f"  [yellow]![/] {name} failed and will be tried again")
        if task.state in ("failed", "up_for_retry"):
            self._cause(task)

    def _cause(self, task: TaskState) -> None:
        lines = self.api.log_text(self.dag_id, self.run_id, task.task_id, max(task.attempt, 1))
        telling = [line for line in lines if not line.startswith(NOISE)][-LOG_LINES:]
        for line in telling:
            console.print(f"      [dim]{escape(line[:300])}[/]")
        console.print(f"      [dim]Log: {self.api.url}/dags/{self.dag_id}/runs/{self.run_id}/tasks/{task.task_id}[/]")
