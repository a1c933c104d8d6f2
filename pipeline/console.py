"""How commands talk: tables and text for people, one JSON document on standard output for machines (`--json`)."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console, RenderableType


class Output:
    """Where commands write; `machine` turns tables into JSON."""

    def __init__(self) -> None:
        """Write text for people until told otherwise."""
        self.machine = False


output = Output()
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def emit(data: Any, human: RenderableType) -> None:
    """Write the result of a command: `data` as JSON under `--json`, else `human`."""
    if output.machine:
        json.dump(data, sys.stdout, default=str, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        console.print(human)


def say(text: str) -> None:
    """Write a line of progress, which machines do not get."""
    if not output.machine:
        console.print(text)
