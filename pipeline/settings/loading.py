"""Reading the settings: file, environment and made credentials together, refused in words where they are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import SettingsError
from pipeline.settings import variables
from pipeline.settings.places import make_absolute
from pipeline.settings.root import Settings, config_file

AS_JSON = "lists and tables are JSON in a variable"
STRUCTURED = ("list_type", "dict_type", "tuple_type", "model_type", "model_attributes_type")


def load(**overrides: Any) -> Settings:
    """Read the settings, refuse what is wrong in words, and make relative paths absolute.

    Raises SettingsError naming each wrong key or variable, where it came from and what is allowed.
    """
    file = config_file()
    base = file.resolve().parent if file else Path.cwd()
    _refuse_unknown()
    try:
        settings = Settings(_env_file=None, **overrides)
        credentials = base / settings.state_dir / "credentials.env"
        if settings.local.enabled and credentials.is_file():
            settings = Settings(_env_file=credentials, **overrides)
    except ValidationError as problem:
        raise _refusal(problem, file) from None
    except ValueError as problem:
        broken = variables.not_json(Settings)
        if broken:
            raise SettingsError(
                f"This is no JSON: {', '.join(broken)}",
                where="environment",
                remedy=f'Correct it, or unset it; {AS_JSON}, for instance \'["first", "second"]\'',
            ) from None
        raise SettingsError(f"The settings file cannot be read: {problem}", where=str(file)) from None
    make_absolute(settings, base)
    return settings


@lru_cache(maxsize=1)
def current() -> Settings:
    """Return the settings of this process, read once."""
    return load()


def _refuse_unknown() -> None:
    found = variables.unknown(Settings)
    if found:
        raise SettingsError(
            f"There is no such setting: {', '.join(found)}",
            where="environment",
            remedy="Correct or unset these variables: two underscores stand between a table and its key",
        )


def _refusal(problem: ValidationError, file: Path | None) -> SettingsError:
    lines, of_file = [], False
    for error in problem.errors():
        names = variables.behind(error["loc"])
        of_file = of_file or not names
        lines.append(_line(error["loc"], error["msg"], names, error["type"] in STRUCTURED))
    return SettingsError(
        "The settings are not valid: " + "; ".join(lines),
        where=str(file) if file and of_file else "environment",
        remedy="Correct these keys; the sample llmops.toml explains each",
    )


def _line(place: Sequence[str | int], text: str, names: list[str], structured: bool) -> str:
    line = f"{'.'.join(str(part) for part in place)}: {text}"
    if not names:
        return line
    return f"{line} ({', '.join(names)} in the environment{f'; {AS_JSON}' if structured else ''})"
