from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from collect_support import TicketSite, comment, issue
from typer.testing import CliRunner

from pipeline import log, settings
from pipeline.collect.command import app
from pipeline.console import output
from pipeline.errors import PipelineError, SettingsError, SourceError
from pipeline.local import web_server

TABLE = ["parquet", "--question", "q", "--answer", "a", "--uri"]


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Commands run in a folder of their own, with settings of their own."""
    file = tmp_path / "llmops.toml"
    file.write_text(f'[lake]\nuri = "{tmp_path}/lake"\n')
    monkeypatch.setenv("LLMOPS_CONFIG", str(file))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(output, "machine", True)
    settings.current.cache_clear()
    log.configure(level=logging.WARNING)
    yield file
    structlog.reset_defaults()
    settings.current.cache_clear()


@pytest.fixture
def site() -> Iterator[str]:
    server = web_server.make_server(0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def run(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    if result.exception:
        raise result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def lines(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


@pytest.mark.parametrize("command", ["parquet", "table"])
def test_tables(tmp_path: Path, command: str) -> None:
    (tmp_path / "t.csv").write_text("q,a,id\nWhat?,NA,1\n,x,2\n")
    result = run(
        command,
        "--uri",
        "t.csv",
        "--question",
        "q",
        "--answer",
        "a",
        "--key",
        "id",
        "--out",
        "o.jsonl",
        "--licence",
        "MIT",
    )
    [row] = lines("o.jsonl")
    assert (row["question"], row["answer"], row["licence"]) == ("What?", "NA", "MIT")
    assert {"question_id", "answer_html", "context", "provenance", "section", "content_hash"} <= row.keys()
    assert lines("o.jsonl.set_aside.jsonl")[0]["reason"] == "no question"
    assert (result["rows"], result["set_aside"], result["reasons"]) == (1, 1, {"no question": 1})
    assert not list(tmp_path.glob("*.partial"))
    assert not (tmp_path / "lake").exists()


def test_conditions(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("q,a,year\nOld?,x,2023\nNew?,y,2025\n")
    run("parquet", "--uri", "t.csv", "--question", "q", "--answer", "a", "--where", "year>=2024", "--out", "o.jsonl")
    assert [row["question"] for row in lines("o.jsonl")] == ["New?"]
    with pytest.raises(SettingsError, match="COLUMN=VALUE"):
        run("parquet", "--uri", "t.csv", "--question", "q", "--answer", "a", "--where", "year", "--out", "o.jsonl")
    both = ("--where", "year>=2020", "--where", "year<=2023")
    with pytest.raises(SettingsError, match="two conditions on year"):
        run("parquet", "--uri", "t.csv", "--question", "q", "--answer", "a", *both, "--out", "o.jsonl")


def test_tickets(tickets: TicketSite) -> None:
    tickets.put(issue(1), issue(2, comment(1, "Closed.")))
    result = run("jira", "--base-url", tickets.url, "--jql", "project = HELP", "--allow-private", "--out", "o.jsonl")
    assert [row["answer"] for row in lines("o.jsonl")] == ["You do task 1 with button 1."]
    assert result["reasons"] == {"the answer says nothing": 1}


def test_pages(site: str) -> None:
    result = run("web", "--url", f"{site}/sqlite-faq/faq.html", "--allow-private", "--out", "o.jsonl")
    assert result["rows"] > 20
    assert all(row["provenance"].startswith(f"{site}/sqlite-faq/faq.html#") for row in lines("o.jsonl"))


@pytest.mark.parametrize(
    "selector", [".faq-section", ".faq-section > h2", ".faq-section | h2", ".faq-section | h2 | p"]
)
def test_a_selector(tmp_path: Path, selector: str) -> None:
    (tmp_path / "www").mkdir()
    other = "<div class=other><h2>Not me</h2><p>no</p></div>"
    body = f"{other}<div class=faq-section><h2>A statement</h2><p>One.</p><p>Two.</p></div>"
    (tmp_path / "www" / "faq.html").write_text(f"<html><title>Help</title>{body}</html>")
    server = web_server.make_server(0, tmp_path / "www")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/faq.html"
        run("web", "--url", url, "--selector", selector, "--allow-private", "--out", "o.jsonl")
    finally:
        server.shutdown()
        server.server_close()
    assert [(row["question"], row["answer"]) for row in lines("o.jsonl")] == [("A statement", "One.\n\nTwo.")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["web", "--out", "o.jsonl"], "nothing to read"),
        (["web", "--url", "http://127.0.0.1:9/", "--out", "o.jsonl"], "private network"),
        (["web", "--url", "http://x.example/", "--selector", "a | b | c | d", "--out", "o.jsonl"], "CONTAINER"),
        (["web", "--url", "http://x.example/", "--context", "all", "--out", "o.jsonl"], "context"),
        (["jira", "--base-url", "http://127.0.0.1:9", "--out", "o.jsonl"], "private network"),
        (["jira", "--base-url", "https://x.example", "--api", "soap", "--out", "o.jsonl"], "'cloud', 'server'"),
        ([*TABLE, "none.csv", "--out", "o.jsonl"], "There is no table here"),
        ([*TABLE, "t.csv", "--out", "no/such/folder/o.jsonl"], "cannot be written"),
        ([*TABLE, "t.csv", "--name", "Bad Name!", "--out", "o.jsonl"], "name"),
        (["run"], "No source is enabled"),
    ],
)  # fmt: skip
def test_mistakes_are_one_paragraph(arguments: list[str], message: str) -> None:
    with pytest.raises(PipelineError) as problem:
        run(*arguments)
    assert message in str(problem.value)
    assert problem.value.exit_code == 1
    assert not Path("o.jsonl").exists()


def configured(file: Path, *tables: tuple[str, str]) -> None:
    text = file.read_text()
    for name, uri in tables:
        text += f'[[collect.sources]]\nkind = "table"\nname = "{name}"\nlicence = "MIT"\nuri = "{uri}"\n'
    file.write_text(text)
    settings.current.cache_clear()


def test_the_configured_sources_are_collected_and_unified(own_settings: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"question,answer\nWhat is {name}?,{name}\n")
    configured(own_settings, ("a", str(tmp_path / "a.csv")), ("b", str(tmp_path / "b.csv")))
    result = run("run", "--run-id", "r1")
    assert [entry["source"] for entry in result["collected"]] == ["a", "b"]
    assert result["repository"]["rows"] == 2
    assert run("run", "--run-id", "r2")["repository"]["out"] == result["repository"]["out"]


def test_one_broken_source_does_not_keep_the_others_from_being_collected(own_settings: Path, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("question,answer\nWhat?,x\n")
    configured(own_settings, ("a", str(tmp_path / "none.csv")), ("b", str(tmp_path / "b.csv")))
    with pytest.raises(SourceError, match="1 of 2 sources failed; a: There is no table here"):
        run("run", "--run-id", "r1")
    assert (tmp_path / "lake" / "refs" / "collect" / "b.json").exists()
    with pytest.raises(SettingsError, match="no enabled source named c"):
        run("run", "--source", "c")
