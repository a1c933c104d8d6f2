"""Shared by the fault tests: the table of injections, written at the end of the session."""

from __future__ import annotations

from collections.abc import Callable

import pytest

TABLE: list[tuple[str, str, int, str]] = []


@pytest.fixture
def injected() -> Callable[[str, str, int, str], None]:
    """Return a function that notes a fault: what was hit, what by, how often, and what came of it."""
    return lambda target, fault, count, outcome: TABLE.append((target, fault, count, outcome))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total = sum(count for _, _, count, _ in TABLE)
    terminalreporter.section(f"{total} faults injected")
    for target, fault, count, outcome in TABLE:
        terminalreporter.write_line(f"| {target} | {fault} | {count} | {outcome} |")
