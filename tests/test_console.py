"""What customers, models and stores wrote is shown by every command, and none of it is obeyed."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipeline import console
from pipeline.console import STYLES, PlainConsole, literal
from pipeline.orchestration import summary
from pipeline.publish import ask as asking
from pipeline.publish import command
from pipeline.settings import PROJECT_ROOT, PublishSettings, Settings

LINK = "[link=https://evil.test]https://bank.example[/link]"
ESCAPES = "\x1b]8;;https://evil.test\x1b\\here\x1b]8;;\x1b\\ \x1b[2J\x9b31m\x07\r"


def shown(*printed: Any, colour: bool = False) -> str:
    """What a terminal gets."""
    file = io.StringIO()
    PlainConsole(file=file, width=400, force_terminal=colour, color_system="standard" if colour else None).print(
        *printed
    )
    return file.getvalue()


def in_table(text: str) -> Table:
    table = Table("what", title=text, caption=text)
    table.add_row(text)
    return table


@pytest.mark.parametrize("wrap", [str, in_table, Panel, Text, Markdown], ids=["text", "table", "panel", "own", "md"])
def test_nothing_that_is_printed_reaches_the_terminal_as_a_control_or_a_link(wrap: Any) -> None:
    said = shown(wrap(f"{LINK} {ESCAPES} and the end"), colour=True)
    assert "and the end" in said
    left = re.sub(r"\x1b\[[\d;]*m", "", said)  # the console's own colours
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", left)
    assert not re.search(r"\x1b\]8", said)


@pytest.mark.parametrize(
    "text", ["[mail] host is not set", "pip install 'llmops-pipeline[mlflow]'", "[[sources]] [@x]"]
)
def test_an_error_is_printed_as_it_is(text: str) -> None:
    file = io.StringIO()
    PlainConsole(file=file, width=400).print(f"Error: {text}", markup=False)
    assert file.getvalue() == f"Error: {text}\n"


def test_an_address_behind_a_word_is_written_out() -> None:
    said = shown(Markdown("[https://bank.example](https://evil.test)"), colour=True)
    assert "https://evil.test" in said
    assert "\x1b]8" not in said


@pytest.mark.parametrize(
    "text",
    [LINK, "a [/b] b", "a [/] b", "[on red]x[/on red]", "list[int] of [section]", "[@click=f()]x[/]", "\\[red]x"],
)
def test_brackets_are_shown_as_they_are(text: str) -> None:
    assert shown(text).rstrip("\n") in (text, text.replace("\\[", "["))
    assert shown(f"[dim]Reference: {literal(text)}[/]") == f"Reference: {text}\n"


@given(st.text(st.sampled_from("[]/\\ab red=\x1b\n"), max_size=40))
def test_no_text_breaks_a_line_or_styles_what_stands_behind_it(text: str) -> None:
    said = shown(f"[red]{literal(text)}[/] the end", colour=True)
    assert said.rstrip("\n").endswith(" the end")
    shown(text)


def test_the_styles_of_commands_work() -> None:
    assert shown("[red]Refused[/]: x", colour=True) == "\x1b[31mRefused\x1b[0m: x\n"
    assert "\x1b[32m" in shown(in_table("[green]passed[/]"), colour=True)


def test_commands_write_no_other_styles() -> None:
    used: set[str] = set()
    for file in (PROJECT_ROOT / "pipeline").rglob("*.py"):
        used |= set(re.findall(r"(?<!\w)\[([a-z][a-z ]*)\][^\[\n]*\[/\]", file.read_text(encoding="utf-8")))
    assert {"dim", "red", "yellow"} <= used <= STYLES


def test_an_answer_and_a_reference_are_shown_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = f"{LINK} [/b] [dim]\x1b[2J"
    answered = asking.Answered(question=hostile, answer=hostile, context="", source=hostile, version="v1")
    monkeypatch.setattr(asking, "ask", lambda *_, **__: answered)
    command.ask("why", page=None, context="text", allow_private=False)
    rows = pa.table({"question": [hostile], "context": [hostile], "reference": [hostile]})
    monkeypatch.setattr(summary, "open_lake", lambda _: SimpleNamespace(read_table=lambda *_, **__: rows))
    facts = {"repository": "acme/model", "version": "v1", "commit": "c"}
    evaluation = SimpleNamespace(output=lambda name: SimpleNamespace(uri=name))
    made: Any = {"evaluate": evaluation}
    summary._published(Settings(publish=PublishSettings(endpoint="http://127.0.0.1:9")), facts, made)
    said = capsys.readouterr().out
    assert said.count(hostile.replace("\x1b", "")) == 5
    assert "\x1b" not in said


def test_progress_and_results_go_through_it(capsys: pytest.CaptureFixture[str]) -> None:
    console.say(f"{LINK}\x1b[2J")
    console.emit({}, f"{LINK}\x1b[2J")
    assert capsys.readouterr().out == f"{LINK}[2J\n" * 2
