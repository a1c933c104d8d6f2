"""How commands talk: tables and text for people, one JSON document on standard output for machines (`--json`).

What is printed quotes customers, models, file names and stores, so nothing in it is obeyed: of Rich's markup only the
few styles that commands use themselves mean anything, there are no hidden links, and no control characters reach the
terminal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markdown import Markdown
from rich.markup import escape
from rich.segment import Segment
from rich.text import Text

STYLES = frozenset({"bold", "bold red", "cyan", "dim", "green", "red", "yellow"})
"""The tags that commands may write; each is closed by [/]. Any other one is text."""
_TAG = re.compile(r"(\\*)\[([a-z#/@][^[]*?)\]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Unicode's category Cc without the end of a line and the tab."""


class Output:
    """Where commands write; `machine` turns tables into JSON."""

    def __init__(self) -> None:
        """Write text for people until told otherwise."""
        self.machine = False


class PlainConsole(Console):
    """A console that shows what it is given and obeys none of it, but for the styles that commands use."""

    def __init__(self, **options: Any) -> None:
        """Take the options of Rich's console."""
        super().__init__(highlight=False, soft_wrap=True, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make text of a string, wherever it stands: printed alone, or in a table or a panel."""
        return super().render_str(text if options.get("markup") is False else _own_tags(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render without control characters and links."""
        if isinstance(renderable, Markdown):
            renderable.hyperlinks = False  # the address is written out beside its text
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
                continue
            style = segment.style
            yield Segment(_CONTROL.sub("", segment.text), style.update_link(None) if style and style.link else style)


output = Output()
console = PlainConsole()
errors = PlainConsole(stderr=True)


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


def literal(text: object) -> str:
    """Return what somebody else wrote as it is put between a command's own words: none of it is a style."""
    return escape(str(text))


def _own_tags(text: str) -> str:
    """Escape every tag that no command writes, and an end that ends nothing."""
    opened = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal opened
        slashes, tag = match.groups()
        if len(slashes) % 2:  # escaped already
            return match[0]
        if tag in STYLES:
            opened += 1
            return match[0]
        if tag == "/" and opened:
            opened -= 1
            return match[0]
        return f"{slashes}{slashes}\\[{tag}]"

    return _TAG.sub(kept, text)
