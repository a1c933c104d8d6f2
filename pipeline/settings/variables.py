"""The environment variables of the settings: which there are, and which of them a mistake came from.

A name that nobody reads would be ignored without a word: a key of the audit trail with one underscore too few would
leave the trail unsigned. So unknown names are refused.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr

PREFIX, DELIMITER = "LLMOPS_", "__"
READ_ELSEWHERE = frozenset(("LLMOPS_CONFIG", "LLMOPS_LOG_FORMAT"))
SERVICE = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$")
"""What Kubernetes puts into every container for a service whose name begins with llmops."""


def fields(model: type[BaseModel], before: str = PREFIX) -> Iterator[tuple[str, Any]]:
    """Yield the variable and the type of every key, and of every table, which can be given whole as JSON."""
    for name, field in model.model_fields.items():
        variable, kind = f"{before}{name.upper()}", field.annotation
        yield variable, kind
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from fields(kind, variable + DELIMITER)


def stated(model: type[BaseModel], variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the variables without blank secrets, which Docker Compose gives for what its own file leaves open."""
    secrets = {name for name, kind in fields(model) if SecretStr in get_args(kind)}
    return {name: value for name, value in variables.items() if name.upper() not in secrets or (value or "").strip()}


def unknown(model: type[BaseModel]) -> list[str]:
    """Return the variables that look like settings and are none, each with the nearest right name."""
    known = dict(fields(model))
    tables = tuple(f"{name}{DELIMITER}" for name, kind in known.items() if dict in _types(kind))
    return [
        f"{variable}{_nearest(variable.upper(), known)}"
        for variable, value in sorted(os.environ.items())
        if (name := variable.upper()).startswith(PREFIX)
        and name not in known
        and name not in READ_ELSEWHERE
        and not name.startswith(tables)
        and not _of_kubernetes(name, value)
    ]


def behind(place: Sequence[str | int]) -> list[str]:
    """Return the variables that a value at this place of the settings came from; none when it is not from there."""
    present = {name.upper(): name for name in os.environ}
    names = [f"{PREFIX}{DELIMITER.join(str(part) for part in place[:end]).upper()}" for end in range(len(place), 0, -1)]
    exact = next((present[name] for name in names if name in present), None)
    if exact:
        return [exact]
    return sorted(present[name] for name in present if names and name.startswith(f"{names[0]}{DELIMITER}"))


def not_json(model: type[BaseModel]) -> list[str]:
    """Return the variables of lists and tables whose values are no JSON."""
    structured = {name for name, kind in fields(model) if _types(kind) & {list, dict, tuple, BaseModel}}
    return sorted(name for name, value in os.environ.items() if name.upper() in structured and not _is_json(value))


def _types(kind: Any) -> set[type]:
    """Return what a type is made of, unions taken apart: list, dict, tuple, BaseModel for a table, or itself."""
    if isinstance(kind, type) and get_origin(kind) is None:
        return {BaseModel} if issubclass(kind, BaseModel) else {kind}
    if get_origin(kind) in (list, dict, tuple):
        return {get_origin(kind)}
    return {found for part in get_args(kind) for found in _types(part)}


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    plain = {right.replace(DELIMITER, "_"): right for right in (*known, *READ_ELSEWHERE)}
    found = get_close_matches(name.replace(DELIMITER, "_"), plain, n=1, cutoff=0.8)
    return f" (is {plain[found[0]]} meant?)" if found else ""


def _of_kubernetes(name: str, value: str) -> bool:
    found = SERVICE.search(name)
    return found is not None and (found[0] != "_PORT" or "://" in value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
