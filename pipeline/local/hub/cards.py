"""Model and dataset cards: the YAML at the top of README.md, checked and turned into metadata as the Hub does.

The identifiers of `licences.txt` are those of the Hub's documentation ("Licenses", repositories-licenses), the codes of
`languages.txt` those of ISO 639, parts 1 to 3.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_FRONT_MATTER = re.compile(r"\A\s*---(?:\r\n|\r|\n)(?P<yaml>.*?)(?:\r\n|\r|\n)?---[ \t]*(?:\r\n|\r|\n|\Z)", re.DOTALL)
_MAX_YAML = 1 << 20
_NO_LANGUAGE = {"code", "multilingual"}
_LIST_TAGS = {"datasets": "dataset", "base_model": "base_model", "license": "license"}


@cache
def known_licences() -> frozenset[str]:
    """Return the licence identifiers that the Hub accepts in a card."""
    return frozenset(files(__package__).joinpath("licences.txt").read_text().split())


@cache
def known_languages() -> frozenset[str]:
    """Return the codes that the Hub accepts as a card's language, with its two values that name none."""
    return frozenset(files(__package__).joinpath("languages.txt").read_text().split()) | _NO_LANGUAGE


def split(text: str) -> tuple[str | None, str]:
    """Return the YAML of a card, None if it has none, and the text below it."""
    match = _FRONT_MATTER.match(text)
    return (match["yaml"], text[match.end() :]) if match else (None, text)


def validate(text: str) -> tuple[list[str], list[str]]:
    """Return the errors, for which the Hub refuses a card, and the warnings, which it shows."""
    header, _ = split(text)
    if header is None:
        return [], ["empty or missing yaml metadata in repo card"]
    try:
        metadata = _load(header)
    except ValueError as problem:
        return [f"the metadata is not valid YAML: {problem}"], []
    if metadata is None:
        return [], ["empty or missing yaml metadata in repo card"]
    if not isinstance(metadata, dict):
        return ["the metadata must be a mapping of names to values"], []
    return _field_errors(metadata), []


def _field_errors(metadata: dict[str, Any]) -> list[str]:
    found = []
    for licence in _as_list(metadata.get("license")):
        if licence not in known_licences():
            found.append(
                f'"license" must be one of the Hub\'s identifiers in lower case, such as apache-2.0, not {licence!r} '
                '(use "other" with "license_name" for anything else)'
            )
    for language in _as_list(metadata.get("language")):
        if not isinstance(language, str) or language not in known_languages():
            found.append(f'"language" must be an ISO 639 code such as "en", "code" or "multilingual", not {language!r}')
    if not all(isinstance(tag, str) for tag in _as_list(metadata.get("tags"))):
        found.append('"tags" must be a list of strings')
    index = metadata.get("model-index", [])
    if not isinstance(index, list):
        found.append('"model-index" must be a list')
        return found
    for number, model in enumerate(index):
        found += _model_index_errors(f'"model-index[{number}]"', model)
    return found


def _model_index_errors(where: str, model: Any) -> list[str]:
    if not isinstance(model, dict) or not isinstance(model.get("name"), str):
        return [f"{where} must be a mapping with a name"]
    if not isinstance(model.get("results"), list):
        return [f'{where} must have a list of "results"']
    found = []
    for number, result in enumerate(model["results"]):
        place = f"{where}.results[{number}]"
        if not isinstance(result, dict) or not isinstance(result.get("task"), dict):
            found.append(f'{place} must be a mapping with a "task"')
        elif not isinstance(result.get("metrics"), list):
            found.append(f'{place} must have a list of "metrics"')
        elif not all(isinstance(m, dict) and {"type", "value"} <= m.keys() for m in result["metrics"]):
            found.append(f'each of {place}.metrics must have a "type" and a "value"')
    return found


def metadata_of(text: str) -> dict[str, Any] | None:
    """Return a card's metadata as JSON values (dates become text), None when there is none or it is not readable."""
    header, _ = split(text)
    try:
        metadata = _load(header) if header is not None else None
        return json.loads(json.dumps(metadata, default=str)) if isinstance(metadata, dict) else None
    except (ValueError, TypeError, RecursionError):
        return None


def tags_of(metadata: dict[str, Any]) -> list[str]:
    """Return the tags under which the Hub lists a repository with this card."""
    tags = [metadata.get("library_name"), metadata.get("pipeline_tag"), *_as_list(metadata.get("tags"))]
    tags += _as_list(metadata.get("language"))
    for field, prefix in _LIST_TAGS.items():
        tags += [f"{prefix}:{value}" for value in _as_list(metadata.get(field)) if isinstance(value, str)]
    return list(dict.fromkeys(tag for tag in tags if isinstance(tag, str) and tag))


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _load(header: str) -> Any:
    if len(header) > _MAX_YAML:
        raise ValueError("it is longer than 1 MB")
    try:
        return yaml.load(header, Loader=_NoAliases)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError) as problem:
        raise ValueError(str(problem) or "it is nested too deeply") from None


class _NoAliases(yaml.SafeLoader):
    """A safe loader without aliases, which let a short text stand for gigabytes ("billion laughs")."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed in a card")
        return super().compose_node(parent, index)
