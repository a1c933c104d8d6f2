from __future__ import annotations

import threading
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import httpx
import pytest

from pipeline.local.jira_query import QueryError, parse
from pipeline.local.jira_server import make_server
from pipeline.local.jira_store import TicketStore

STORE = TicketStore.load()


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    server = make_server(0, TicketStore.load(), ("bot@example.com", "token"))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    with httpx.Client(base_url=base, auth=("bot@example.com", "token"), trust_env=False) as client:
        yield client
    server.shutdown()
    server.server_close()


def test_search_pages_by_token(site: httpx.Client) -> None:
    keys: list[str] = []
    parameters = {"jql": "project = HELP ORDER BY key", "fields": "summary", "maxResults": "30"}
    while True:
        page = site.get("/rest/api/3/search/jql", params=parameters).json()
        keys += [issue["key"] for issue in page["issues"]]
        if page.get("isLast"):
            break
        parameters["nextPageToken"] = page["nextPageToken"]
    assert len(keys) == len(set(keys)) == len(STORE.issues)
    posted = site.post("/rest/api/3/search/jql", json={"jql": "project = HELP", "fields": ["summary"], "maxResults": 2})
    assert len(posted.json()["issues"]) == 2


def test_fields_default_to_the_id_only(site: httpx.Client) -> None:
    page = site.get("/rest/api/3/search/jql", params={"jql": "project = HELP", "maxResults": 5000}).json()
    assert page["isLast"] is True
    assert page["issues"][0].keys() == {"id"}


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/rest/api/3/search", {"jql": "project = HELP"}, 410),
        ("/rest/api/3/search/jql", {"jql": ""}, 400),
        ("/rest/api/3/search/jql", {"jql": "ORDER BY created"}, 400),
        ("/rest/api/3/search/jql", {"jql": "nonsense = 1"}, 400),
        ("/rest/api/3/search/jql", {"jql": "project = HELP", "nextPageToken": "x"}, 400),
        ("/rest/api/3/search/jql", {"jql": "project = HELP", "maxResults": "many"}, 400),
        ("/rest/api/3/issue/NOPE-1", {}, 404),
        ("/rest/api/3/nothing", {}, 404),
    ],
)
def test_refusals_are_like_jiras(site: httpx.Client, path: str, parameters: dict[str, str], status: int) -> None:
    answer = site.get(path, params=parameters)
    assert answer.status_code == status
    assert answer.json()["errorMessages"]


def test_wrong_credentials(site: httpx.Client) -> None:
    wrong = ("bot@example.com", "wrong")
    assert site.get("/rest/api/3/myself", auth=wrong).status_code == 401
    found = site.get("/rest/api/3/search/jql", params={"jql": "project = HELP"}, auth=wrong)
    assert (found.status_code, found.json()) == (200, {"issues": [], "isLast": True})
    assert found.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"
    assert site.get("/rest/api/2/search", params={"jql": "project = HELP"}, auth=wrong).status_code == 401
    assert "x-seraph-loginreason" not in site.get("/rest/api/3/myself").headers
    assert site.get("/status", auth=("", "")).status_code == 200


def test_faults_come_on_demand(site: httpx.Client) -> None:
    fault = {"pattern": "myself", "status": 429, "headers": {"Retry-After": "3"}, "times": 1}
    assert site.post("/_faults", json=fault).status_code == 201
    limited = site.get("/rest/api/3/myself")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
    assert site.get("/rest/api/3/myself").status_code == 200


def test_the_sample_help_desk_is_varied_and_names_nobody() -> None:
    issues = list(STORE.issues.values())
    people = {issue["fields"]["reporter"]["displayName"] for issue in issues}
    assert len(issues) >= 80
    assert all(name.startswith("Customer ") for name in people)
    assert len({issue["fields"]["summary"] for issue in issues}) == len(issues)
    kinds = {node for issue in issues for node in _types(issue["fields"]["comment"])}
    assert {"codeBlock", "orderedList", "table", "panel", "mention", "emoji"} <= kinds
    text = str(issues)
    assert "@example.com" in text
    assert "555-01" in text


def _types(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node["type"]
        for value in node.values():
            yield from _types(value)
    elif isinstance(node, list):
        for value in node:
            yield from _types(value)


@pytest.mark.parametrize(
    ("jql", "count"),
    [
        ("project = HELP", 101),
        ("project = help AND statusCategory = Done", 96),
        ("statusCategory != Done", 5),
        ("project in (HELP, OTHER) AND NOT statusCategory = Done", 5),
        ("resolution is EMPTY", 5),
        ('resolution is not EMPTY AND resolution in (Duplicate, "Won\'t Do")', 4),
        ("resolution = Duplicate OR resolution = 'Cannot Reproduce'", 3),
        ('(id in (10001, 10002) OR key = HELP-3) AND updated >= "2020-01-01 00:00"', 3),
        ('updated < "2020-01-01"', 0),
        ("updated >= -1d AND updated <= 1w AND created > 2020/01/01", 0),
        ("labels = printer AND issuetype = Incident", None),
        ('summary ~ "WooCommerce"', None),
        ("project not in (HELP)", 0),
    ],
)
def test_the_query_language(jql: str, count: int | None) -> None:
    found = [issue for issue in STORE.issues.values() if parse(jql, ZoneInfo("UTC")).matches(issue)]
    assert len(found) == count if count is not None else 0 < len(found) < 20


@pytest.mark.parametrize(
    "jql",
    [
        "project",
        "project =",
        "= 1",
        "project = HELP AND",
        "(project = HELP",
        "project = HELP)",
        "project in HELP",
        "project in (",
        "resolution is",
        "updated >= soon",
        "project = HELP ORDER created",
        'project = "HELP',
        "project = and",
        "\x00",
    ],
)
def test_what_jira_would_refuse(jql: str) -> None:
    with pytest.raises(QueryError):
        parse(jql, ZoneInfo("UTC"))
