"""llmops.toml explains every setting: each key stands in its table, as a value, as a comment or as a variable."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from pipeline.settings import PROJECT_ROOT, ModelSettings, Settings

TABLE = re.compile(r"^(?:# )?\[+([a-z_.]+)\]+", re.MULTILINE)
SOURCES = "collect.sources"


def tables(text: str) -> dict[str, str]:
    """Return the text of each table, of those too that stand there as comments; of sources, by their kind."""
    found: dict[str, str] = defaultdict(str)
    heads = [*TABLE.finditer(text)]
    found[""] = text[: heads[0].start()]
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        part = text[head.start() : after.start() if after else None]
        kind = re.search(r'^kind = "(\w+)"', part, re.MULTILINE)
        found[f"{SOURCES}.{kind[1]}" if kind else head[1]] += part
    return found


def within(annotation: Any) -> Iterator[Any]:
    """Yield every type that an annotation names."""
    yield annotation
    for argument in get_args(annotation):
        yield from within(argument)


def keys(model: type[BaseModel], table: str = "") -> Iterator[tuple[str, str, bool]]:
    """Yield the table and the name of every key, and whether it is a secret."""
    for name, field in model.model_fields.items():
        named = list(within(field.annotation))
        tables_below = [kind for kind in named if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not tables_below:
            yield table, name, SecretStr in named
        for below in tables_below:
            path = f"{table}.{name}".lstrip(".")
            if path == SOURCES:
                path += "." + get_args(below.model_fields["kind"].annotation)[0]
            yield from keys(below, "model" if below is ModelSettings else path)


def explained(text: dict[str, str], table: str, name: str, secret: bool) -> bool:
    """Tell whether a key stands in its table or, for what holds for all of them, in the one above."""
    variable = f"LLMOPS_{table.replace('.', '__')}__{name}".upper()
    above = [table, *(table.rsplit(".", count)[0] for count in range(1, table.count(".") + 1))]
    return any(
        re.search(rf"^(?:# *)?{name} *=|[{{,] *{name} *=", text[part], re.MULTILINE)
        or (secret and re.search(rf"\b{variable}\b", text[part]))
        for part in above
        if part in text
    )


def test_every_key_is_explained_in_its_table() -> None:
    text = tables((PROJECT_ROOT / "llmops.toml").read_text())
    every = list(keys(Settings))
    assert len(every) > 150, "the walk stopped early"
    missing = [
        f"{table}.{name}".lstrip(".") for table, name, secret in every if not explained(text, table, name, secret)
    ]
    assert missing == []
