"""The tables of sources: web pages, Jira and tables of rows."""

from __future__ import annotations

import codecs
from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.settings.section import Section


class SelectorSettings(Section):
    """A configured place of questions and answers on a page, for sites whose markup says nothing."""

    container: str
    question: str
    answer: str


class SourceSettings(Section):
    """What every source states about itself."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    licence: str = "NOASSERTION"
    enabled: bool = True


class WebSourceSettings(SourceSettings):
    """FAQ pages of one site."""

    kind: Literal["web"]
    urls: list[str] = []
    sitemap: str | None = None
    follow: bool = False
    max_depth: int = Field(3, ge=0, le=20)
    max_pages: int = Field(500, ge=1)
    selector: SelectorSettings | None = None
    allow_private: bool = False
    requests_per_second: float = Field(2.0, gt=0)
    concurrency: int = Field(2, ge=1, le=16)
    context: Literal["with_answer", "without_answer", "none"] = "with_answer"
    context_chars: int = Field(2_400, ge=200, le=100_000)


class JiraSourceSettings(SourceSettings):
    """Tickets of one Jira site or of a Jira-like API."""

    kind: Literal["jira"]
    base_url: str
    jql: str = "statusCategory = Done"
    api: Literal["cloud", "server", "simple"] = "cloud"
    service_desk: bool = False
    connection: str = "jira_default"
    allow_private: bool = False
    overlap_minutes: int = Field(10, ge=0)
    reread_days: int = Field(7, ge=1)
    unmarked_comments: Literal["internal", "public"] = "internal"
    generated_context: Literal["with_answer", "without_answer", "none"] = "without_answer"


class TableSourceSettings(SourceSettings):
    """Question/answer rows in Parquet, CSV or JSON Lines.

    A table on S3 is read as the lake is. With an `endpoint_url` or a `region` of its own it is elsewhere: then without
    an endpoint on AWS, and with the credentials of the AWS default chain (environment, profile, role), not the lake's.
    """

    kind: Literal["table"]
    uri: str
    endpoint_url: str | None = None
    region: str | None = None
    format: Literal["auto", "parquet", "csv", "jsonl"] = "auto"
    encoding: str | None = None
    question: str = "question"
    answer: str = "answer"
    context: str | None = None
    key: str | None = None
    updated_at: str | None = None
    section: str | None = None
    language: str | None = None
    where: dict[str, str] = {}
    generated_context: Literal["with_answer", "without_answer", "none"] = "with_answer"

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        """Return Python's name of a text encoding; raises ValueError for what is none."""
        if not name:
            return None
        try:
            return codecs.lookup(name).name if isinstance("".encode(name), bytes) else None
        except LookupError:
            raise ValueError(f"{name!r} is no encoding of text; say for example cp1250 or shift_jis") from None


AnySource = Annotated[WebSourceSettings | JiraSourceSettings | TableSourceSettings, Field(discriminator="kind")]


class CollectSettings(Section):
    """How sources are collected."""

    user_agent: str = "llmops-pipeline/0.1 (+https://example.com/contact; set collect.user_agent)"
    sources: list[AnySource] = []

    @field_validator("sources")
    @classmethod
    def _distinct(cls, sources: list[AnySource]) -> list[AnySource]:
        """Refuse a name that two sources have: it is part of their rows' ids."""
        twice = sorted({name for name, count in Counter(source.name for source in sources).items() if count > 1})
        if twice:
            raise ValueError(f"every source needs a name of its own, and two are called {', '.join(twice)}")
        return sources
