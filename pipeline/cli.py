"""The `llmops` command. Exit codes: 0 done, 1 failed, 2 refused by a gate, a policy or a reviewer."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable

import typer
from typer.exceptions import TyperException

from pipeline import log
from pipeline.console import errors, output
from pipeline.errors import DONE, FAILED, PipelineError
from pipeline.scrubbing import without_secrets

app = typer.Typer(
    name="llmops",
    help="From question/answer sources to a signed-off, published language model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

COMMANDS: dict[str, str] = {
    "up": "pipeline.local.command:up",
    "down": "pipeline.local.command:down",
    "status": "pipeline.local.command:status",
    "run": "pipeline.orchestration.command:run",
    "reviews": "pipeline.orchestration.command:reviews",
    "collect": "pipeline.collect.command:app",
    "prepare": "pipeline.prepare.command:prepare",
    "features": "pipeline.features.command:app",
    "select": "pipeline.train.command:select",
    "pretrain": "pipeline.train.command:pretrain",
    "finetune": "pipeline.train.command:finetune",
    "tune": "pipeline.tune.command:tune",
    "evaluate": "pipeline.evaluate.command:evaluate",
    "comply": "pipeline.comply.command:comply",
    "models": "pipeline.publish.command:app",
    "ask": "pipeline.publish.command:ask",
    "audit": "pipeline.audit.command:app",
    "lake": "pipeline.lake.command:app",
    "metrics": "pipeline.metrics.command:metrics",
    "doctor": "pipeline.doctor.command:doctor",
    "privacy": "pipeline.privacy.command:app",
}


@app.callback()
def options(
    json: bool = typer.Option(False, "--json", help="Write results as JSON."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show what is done, and tracebacks of defects."),
) -> None:
    """Set what holds for every command."""
    output.machine = json
    log.configure(json=json, level=log.INFO if verbose else log.WARNING)


def register(arguments: list[str]) -> None:
    """Add the command that is called to the application, or all of them when help is wanted."""
    called = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name in [called] if called in COMMANDS else COMMANDS:
        module, attribute = COMMANDS[name].split(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)


def know_the_laptop() -> None:
    """Let every command use the embedded services of this checkout, unless the environment names others."""
    from pipeline.local import credentials, services
    from pipeline.settings import load

    settings = load()
    made = credentials.load(settings) if settings.local.enabled else None
    if made:
        services.make_known(settings, made)


def guarded(call: Callable[[], object]) -> int:
    """Call, and turn every error into a paragraph for a person and an exit code."""
    try:
        result = call()
    except PipelineError as problem:
        errors.print(f"[bold red]{type(problem).__name__}[/]: ", end="")
        errors.print(str(problem), markup=False)
        return problem.exit_code
    except TyperException as problem:
        _say_how_it_is_called(problem)
        return FAILED
    except (typer.Abort, KeyboardInterrupt):
        errors.print("Stopped.")
        return FAILED
    except typer.Exit as stop:
        return stop.exit_code
    except Exception as problem:
        if "--verbose" in sys.argv or "-v" in sys.argv:
            traceback.print_exc()
        errors.print(f"[bold red]Unexpected {type(problem).__name__}[/]: ", end="")
        errors.print(
            f"{without_secrets(str(problem))}. Run again with --verbose for the traceback, and please report it.",
            markup=False,
        )
        return FAILED
    return result if isinstance(result, int) else DONE


def _say_how_it_is_called(problem: TyperException) -> None:
    """Print what is wrong with the call; a group that was called without a command has shown its help already."""
    said = problem.format_message()
    context = getattr(problem, "ctx", None)
    if said:
        hint = f" See: {context.command_path} --help" if context else ""
        errors.print("[bold red]Command line[/]: ", end="")
        errors.print(f"{said.rstrip('.?')}{'?' if said.endswith('?') else '.'}{hint}", markup=False)


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

    arguments = sys.argv[1:]
    if "--json" in arguments:  # wherever a person puts it
        arguments = ["--json", *(argument for argument in arguments if argument != "--json")]

    def call() -> object:
        know_the_laptop()
        register(arguments)
        return app(arguments, standalone_mode=False)

    sys.exit(guarded(call))
