"""How the command answers a wrong call: one line that says what is wrong and where the help is, and exit code 1."""

from __future__ import annotations

import re

import pytest
import typer

from pipeline import cli
from pipeline.errors import DONE, FAILED, PipelineError
from pipeline.settings import PROJECT_ROOT


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch):
    """Return what calls a small application in the way of `main`."""
    app, group = typer.Typer(), typer.Typer(no_args_is_help=True)

    @app.command()
    def ask(question: str, count: int = typer.Option(1)) -> None:
        """Ask."""
        if question == "exit":
            raise typer.Exit(7)
        if question == "abort":
            raise typer.Abort
        if question == "defect":
            raise ZeroDivisionError("a defect")
        if question == "refused":
            raise PipelineError("It cannot be", where="here", remedy="Do that")

    group.command("show")(lambda: None)
    group.command("verify")(lambda: None)
    app.add_typer(group, name="audit")
    return lambda *arguments: cli.guarded(lambda: app(list(arguments), standalone_mode=False))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "No such command 'nonsense'. See:"),
        (("audti",), "Did you mean 'audit'? See:"),
        (("audit", "list"), "No such command 'list'. See:"),
        (("ask",), "Missing argument 'question'. See:"),
        (("ask", "why", "--bogus"), "No such option: --bogus"),
        (("ask", "why", "--count"), "Option '--count' requires an argument."),
        (("ask", "why", "--count", "many"), "Invalid value for '--count': Input should be a valid integer"),
        (("ask", "why", "not"), "(not). See:"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line(call, capsys, arguments: tuple[str, ...], said: str) -> None:
    assert call(*arguments) == FAILED
    shown = " ".join(capsys.readouterr().err.split())
    assert shown.startswith("Command line: ")
    assert said in shown
    assert "Traceback" not in shown
    assert "report it" not in shown


def test_a_group_alone_shows_its_commands_and_nothing_else(call, capsys) -> None:
    assert call("audit") == FAILED
    shown = capsys.readouterr()
    assert "show" in shown.out + shown.err
    assert "verify" in shown.out + shown.err
    assert "Command line" not in shown.err
    assert "Unexpected" not in shown.err


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("why", DONE, ""),
        ("exit", 7, ""),
        ("abort", FAILED, "Stopped."),
        ("refused", FAILED, "PipelineError: It cannot be"),
        ("defect", FAILED, "Unexpected ZeroDivisionError: a defect. Run again with --verbose"),
    ],
)
def test_how_a_call_ends(call, capsys, question: str, code: int, said: str) -> None:
    assert call("ask", question) == code
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_readme_names_every_command() -> None:
    text = (PROJECT_ROOT / "README.md").read_text()
    table = text[text.index("| command | meaning |") : text.index("`--json` makes them")]
    rows = [row.split(" | ")[0] for row in table.splitlines()]
    named = {word for row in rows for word in re.findall(r"`(?:llmops )?([a-z]+)", row)}
    assert set(cli.COMMANDS) <= named
