"""`llmops collect …`: one source into a JSON Lines file, or the configured sources into the lake."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.collect.source import Document
    from pipeline.settings import SourceSettings

app = typer.Typer(help="Bring question/answer rows from web pages, tickets and tables.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", help="JSON Lines file for the rows; what is set aside goes beside it.")]
Name = Annotated[str, typer.Option(help="Name of the source: part of every question id.")]
Licence = Annotated[str, typer.Option(help="SPDX licence of the source; NOASSERTION when nobody has stated one.")]
Private = Annotated[bool, typer.Option("--allow-private", help="Allow addresses on private networks.")]
HEADINGS = "h1, h2, h3, h4, h5, h6, dt, summary, button, legend"
QUESTION_ELEMENT = re.compile(r"(?:^|[\s>]+)(?:h[1-6]|dt|summary|button|legend)(?:[.#\[:][^\s>]*)?$")


@app.command()
def web(
    out: Out,
    url: Annotated[list[str] | None, typer.Option("--url", help="Page to read; may be given several times.")] = None,
    sitemap: Annotated[str | None, typer.Option(help="Sitemap that lists the pages.")] = None,
    selector: Annotated[
        str | None,
        typer.Option(help="CSS of what holds questions and answers; 'CONTAINER | QUESTION | ANSWER' names all three."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Follow links inside the folder of the page.")] = False,
    max_pages: Annotated[int, typer.Option(help="Read at most this many pages.")] = 500,
    max_depth: Annotated[int, typer.Option(help="Follow links at most this deep.")] = 3,
    rate: Annotated[float, typer.Option(help="Requests a second to one host.")] = 2.0,
    context: Annotated[str, typer.Option(help="with_answer, without_answer or none.")] = "with_answer",
    allow_private: Private = False,
    name: Name = "web",
    licence: Licence = "NOASSERTION",
) -> None:
    """Read the FAQ pages of a site."""
    if not url and not sitemap:
        raise SettingsError("There is nothing to read", where="--url", remedy="Give --url or --sitemap")
    _collect(
        out,
        kind="web",
        name=name,
        licence=licence,
        urls=list(url or ()),
        sitemap=sitemap,
        selector=_selector(selector),
        follow=follow,
        max_pages=max_pages,
        max_depth=max_depth,
        requests_per_second=rate,
        context=context,
        allow_private=allow_private,
    )


@app.command()
def jira(
    out: Out,
    base_url: Annotated[str, typer.Option(help="Address of the site, for example https://acme.atlassian.net.")],
    jql: Annotated[str, typer.Option(help="Which tickets.")] = "statusCategory = Done",
    api: Annotated[
        str, typer.Option(help="cloud (REST 3), server (REST 2) or simple (a plain tickets API).")
    ] = "cloud",
    service_desk: Annotated[
        bool, typer.Option("--service-desk", help="Ask the service desk for public comments only.")
    ] = False,
    unmarked_comments: Annotated[
        str, typer.Option(help="What comments without any mark of visibility are: internal or public.")
    ] = "internal",
    connection: Annotated[str, typer.Option(help="Airflow connection with the credentials.")] = "jira_default",
    context: Annotated[str, typer.Option(help="with_answer, without_answer or none.")] = "without_answer",
    allow_private: Private = False,
    name: Name = "jira",
    licence: Licence = "NOASSERTION",
) -> None:
    """Read the resolved, publicly answered tickets of a Jira site or a tickets API."""
    _collect(
        out,
        kind="jira",
        name=name,
        licence=licence,
        base_url=base_url,
        jql=jql,
        api=api,
        service_desk=service_desk,
        unmarked_comments=unmarked_comments,
        connection=connection,
        generated_context=context,
        allow_private=allow_private,
    )


@app.command("parquet")
@app.command("table", hidden=True)
def table(
    out: Out,
    uri: Annotated[str, typer.Option(help="s3://bucket/key, file or folder; Parquet, CSV or JSON Lines.")],
    question: Annotated[str, typer.Option(help="Column of the questions; a dotted path reaches nested ones.")],
    answer: Annotated[str, typer.Option(help="Column of the answers.")],
    endpoint_url: Annotated[
        str | None,
        typer.Option(help="S3 service of the table, with credentials of the AWS default chain; the lake's otherwise."),
    ] = None,
    region: Annotated[str | None, typer.Option(help="AWS region of the table; alone it means AWS itself.")] = None,
    context: Annotated[str | None, typer.Option(help="Column of contexts given by people.")] = None,
    key: Annotated[str | None, typer.Option(help="Column that identifies a row.")] = None,
    section: Annotated[str | None, typer.Option(help="Column of the topic.")] = None,
    language: Annotated[str | None, typer.Option(help="Column of the language.")] = None,
    updated_at: Annotated[str | None, typer.Option(help="Column of the time of the last change.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE or COLUMN>=VALUE; partitions that do not match are skipped.")
    ] = None,
    format: Annotated[str, typer.Option(help="auto, parquet, csv or jsonl.")] = "auto",
    encoding: Annotated[str | None, typer.Option(help="Encoding of a CSV file, where its bytes do not tell.")] = None,
    generated_context: Annotated[
        str, typer.Option(help="Contexts of neighbouring rows: with_answer, without_answer or none.")
    ] = "with_answer",
    name: Name = "table",
    licence: Licence = "NOASSERTION",
) -> None:
    """Read question/answer rows from Parquet, CSV or JSON Lines, local or on S3."""
    _collect(
        out,
        kind="table",
        name=name,
        licence=licence,
        uri=uri,
        endpoint_url=endpoint_url,
        region=region,
        question=question,
        answer=answer,
        context=context,
        key=key,
        section=section,
        language=language,
        updated_at=updated_at,
        where=_conditions(where or ()),
        format=format,
        encoding=encoding,
        generated_context=generated_context,
    )


@app.command("run")
def run_configured(
    source: Annotated[list[str] | None, typer.Option("--source", help="Only these sources.")] = None,
    run_id: Annotated[str | None, typer.Option(help="Name of the run; by default the present time.")] = None,
) -> None:
    """Collect the configured sources into the lake and unify them."""
    from pipeline.collect.one_off import collect_configured
    from pipeline.console import emit, say

    results, repository = collect_configured(source or [], run_id, say)
    data = {"collected": results, "repository": repository}
    emit(data, _summary([*results, {"source": "repository", **repository}]))


def _collect(out: Path, **config: Any) -> None:
    from pipeline.collect.one_off import collect_into, source_settings
    from pipeline.console import emit, errors

    settings: SourceSettings = source_settings(config)
    with errors.status(f"{settings.name}: nothing read yet") as status:
        seen = Counter[str]()

        def progress(document: Document) -> None:
            seen[document.status] += 1
            counted = ", ".join(f"{count} {state}" for state, count in sorted(seen.items()))
            status.update(f"{settings.name}: {counted}")

        result = collect_into(settings, out, progress)
    emit(result, _summary([result]))


def _selector(text: str | None) -> dict[str, str] | None:
    """Read `CONTAINER | QUESTION | ANSWER`; what is not given are headings, and everything that follows them.

    A selector alone that ends in a heading (`.faq h3`) names the questions, else it names the container.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split("|")]
    if len(parts) > 3 or not all(parts):
        raise SettingsError("The selector has the wrong form", where=text, remedy="Use 'CONTAINER | QUESTION | ANSWER'")
    if len(parts) > 1:
        container, question, answer = [*parts, "*"][:3]
    elif QUESTION_ELEMENT.search(parts[0]):
        container, question, answer = QUESTION_ELEMENT.sub("", parts[0]) or "body", parts[0], "*"
    else:
        container, question, answer = parts[0], HEADINGS, "*"
    return {"container": container, "question": question, "answer": answer}


def _conditions(texts: list[str] | tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        place = next((index for index, char in enumerate(text) if char in "=<>!"), 0)
        if not place:
            raise SettingsError(
                "A condition has the wrong form", where=text, remedy="Write COLUMN=VALUE or COLUMN>=VALUE"
            )
        column, sign = text[:place].strip(), text[place:]
        if column in found:
            raise SettingsError(
                f"There are two conditions on {column}", where=text, remedy="Give one condition to each column"
            )
        found[column] = sign[1:].strip() if sign.startswith("=") else sign.strip()
    return found


def _summary(results: list[dict[str, Any]]) -> Any:
    from rich.console import Group
    from rich.table import Table

    table = Table(show_edge=False)
    for heading in ("source", "rows", "set aside", "documents"):
        table.add_column(heading, justify="right" if heading in ("rows", "set aside") else "left", no_wrap=True)
    for result in results:
        documents = ", ".join(f"{count} {status}" for status, count in result["documents"].items())
        table.add_row(result["source"], str(result["rows"]), str(result["set_aside"]), documents)
    reasons = [
        f"{result['source']}: {count} set aside, {reason}"
        for result in results
        if result["documents"]
        for reason, count in sorted(result["reasons"].items())
    ]
    return Group(table, *reasons, f"Written to {results[-1]['out']}")
