"""A Jira-compatible ticket server with sample tickets, for the laptop and for tests.

It answers like Jira Cloud's REST API version 3 where the pipeline (or anybody's client) looks: search with page
tokens and a JQL subset, issues, paged comments with `jsdPublic`, `/myself`, basic authentication, 410 for the removed
search; also the service desk's public comments and Server's version 2, which serves rich text as it is stored. A
stranger, or a user whose token is wrong, is shown a site without issues, as Cloud does; only `/myself` answers 401.
Failures on demand: see `Fault`.

    python -m pipeline.local.jira_server --port 28081
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hmac
import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from pipeline.local.http_service import LoopbackServer, QuietHandler, serve
from pipeline.local.jira_query import QueryError, parse

SAMPLES = Path(__file__).with_name("samples") / "tickets.json"
ZONE = "Europe/Berlin"
EMBEDDED_COMMENTS = 5
MAX_ISSUES = 100
MAX_IDS = 5000
MYSELF = re.compile(r"^/rest/api/[23]/myself$")


@dataclass(slots=True)
class Fault:
    """A failure for requests whose path and query match: its status, headers and body, and how many requests get it.

    `mode` "truncate" cuts the right answer in half, "drip" sends it a byte at a time, "hang_up" closes the
    connection; "answer" sends status, headers and body.
    """

    pattern: str
    status: int = 429
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    times: int = 1
    mode: str = "answer"


@dataclass(slots=True)
class TicketStore:
    """Issues in the shape of the API, each with all its comments, and what a test wants to know afterwards."""

    issues: dict[str, dict[str, Any]]
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, file: Path = SAMPLES) -> TicketStore:
        """Read issues from a JSON file, gzipped or not."""
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        return cls({issue["id"]: issue for issue in json.loads(raw)["issues"]})

    def find(self, name: str) -> dict[str, Any] | None:
        """Return an issue by id or key."""
        found = self.issues.get(name)
        return found or next((issue for issue in self.issues.values() if issue["key"] == name), None)

    def fault_for(self, target: str) -> Fault | None:
        """Return the fault that a request meets, and count it."""
        with self.lock:
            self.requests.append(target)
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.pattern, target):
                    fault.times -= 1
                    return fault
        return None


class Refusal(Exception):
    """An error answer in Jira's form."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status and message."""
        super().__init__(message)
        self.status = status
        self.message = message


Parameters = Mapping[str, str]


class JiraApi:
    """The routes, without HTTP: each takes parameters and returns JSON or raises Refusal."""

    def __init__(self, store: TicketStore) -> None:
        """Serve a store."""
        self.store = store
        self._routes: list[tuple[re.Pattern[str], Callable[..., Any]]] = [
            (re.compile(r"^/rest/api/3/search/jql$"), self.search_by_token),
            (re.compile(r"^/rest/api/3/search$"), self.removed),
            (re.compile(r"^/rest/api/2/search$"), self.search_by_number),
            (MYSELF, self.myself),
            (re.compile(r"^/rest/api/[23]/serverInfo$"), self.server_info),
            (re.compile(r"^/rest/api/[23]/issue/([^/]+)/comment$"), self.comments),
            (re.compile(r"^/rest/api/[23]/issue/([^/]+)$"), self.issue),
            (re.compile(r"^/rest/servicedeskapi/request/([^/]+)/comment$"), self.desk_comments),
        ]

    def answer(self, path: str, parameters: Parameters) -> Any:
        """Return the answer to a GET or a search by POST."""
        for pattern, route in self._routes:
            found = pattern.match(path)
            if found:
                return route(parameters, *(unquote(part) for part in found.groups()))
        raise Refusal(404, "Not found")

    def _matching(self, jql: str, *, bounded: bool) -> list[dict[str, Any]]:
        try:
            query = parse(jql, ZoneInfo(ZONE))
        except QueryError as problem:
            raise Refusal(400, str(problem)) from None
        if bounded and not query.bounded:
            raise Refusal(
                400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
            )
        found = [issue for issue in self.store.issues.values() if query.matches(issue)]
        name, descending = query.order or ("created", True)
        key = "id" if name in ("id", "key", "issuekey") else name
        return sorted(
            found,
            key=lambda issue: (
                (issue["fields"].get(key) or "", int(issue["id"])) if key != "id" else ("", int(issue["id"]))
            ),
            reverse=descending,
        )

    def search_by_token(self, parameters: Parameters) -> Any:
        """Answer `/rest/api/3/search/jql`."""
        jql = parameters.get("jql", "")
        found = self._matching(jql, bounded=True)
        fields = _field_names(parameters.get("fields", "id"))
        limit = MAX_IDS if fields <= {"id", "key"} else MAX_ISSUES
        size = max(1, min(_number(parameters.get("maxResults"), 50), limit))
        start = _read_token(parameters.get("nextPageToken"), jql)
        page = [_shown(issue, fields) for issue in found[start : start + size]]
        if start + size >= len(found):
            return {"issues": page, "isLast": True}
        return {"issues": page, "nextPageToken": _token(start + size, jql), "isLast": False}

    def removed(self, parameters: Parameters) -> Any:
        """Answer the search that Cloud removed."""
        raise Refusal(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")

    def search_by_number(self, parameters: Parameters) -> Any:
        """Answer `/rest/api/2/search` as Server does."""
        found = self._matching(parameters.get("jql", ""), bounded=False)
        start = max(0, _number(parameters.get("startAt"), 0))
        size = max(0, min(_number(parameters.get("maxResults"), 50), 1000))
        fields = _field_names(parameters.get("fields", "*all"))
        page = [_shown(issue, fields) for issue in found[start : start + size]]
        return {"startAt": start, "maxResults": size, "total": len(found), "issues": page}

    def myself(self, parameters: Parameters) -> Any:
        """Answer who is asking, with the time zone in which their JQL is read."""
        return {"accountId": "pipeline", "displayName": "Pipeline", "timeZone": ZONE, "active": True}

    def server_info(self, parameters: Parameters) -> Any:
        """Answer what this is."""
        return {"deploymentType": "Cloud", "version": "1001.0.0", "serverTitle": "Sample help desk"}

    def _issue(self, name: str) -> dict[str, Any]:
        issue = self.store.find(name)
        if issue is None:
            raise Refusal(404, "Issue does not exist or you do not have permission to see it.")
        return issue

    def issue(self, parameters: Parameters, name: str) -> Any:
        """Answer one issue."""
        return _shown(self._issue(name), _field_names(parameters.get("fields", "*all")))

    def comments(self, parameters: Parameters, name: str) -> Any:
        """Answer a page of an issue's comments, internal ones included, as Jira does for a licensed user."""
        every = self._issue(name)["fields"]["comment"]["comments"]
        if "properties" not in parameters.get("expand", ""):
            every = [_without_properties(comment) for comment in every]
        start = max(0, _number(parameters.get("startAt"), 0))
        size = max(1, min(_number(parameters.get("maxResults"), 50), 100))
        return {"startAt": start, "maxResults": size, "total": len(every), "comments": every[start : start + size]}

    def desk_comments(self, parameters: Parameters, name: str) -> Any:
        """Answer the service desk's view of a request's comments: plain text, public ones on demand."""
        from pipeline.collect.jira.adf import adf_text

        start = max(0, _number(parameters.get("start"), 0))
        size = max(1, min(_number(parameters.get("limit"), 50), 100))
        wanted = [
            comment
            for comment in self._issue(name)["fields"]["comment"]["comments"]
            if parameters.get("internal") != "false" or _is_public(comment)
        ]
        values = [
            {
                "id": comment["id"],
                "body": adf_text(comment["body"]),
                "public": _is_public(comment),
                "author": _desk_author(comment["author"]),
                "created": {"iso8601": comment["created"]},
            }
            for comment in wanted[start : start + size]
        ]
        last = start + size >= len(wanted)
        return {"start": start, "limit": size, "size": len(values), "isLastPage": last, "values": values}


def _without_properties(comment: dict[str, Any]) -> dict[str, Any]:
    """Return a comment as it is given where its properties were not asked for."""
    return {name: value for name, value in comment.items() if name != "properties"}


def _desk_author(author: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an author in the service desk's words, which do not tell customers from agents."""
    known = ("accountId", "name", "key", "emailAddress", "displayName", "active", "timeZone")
    return None if author is None else {name: author[name] for name in known if name in author}


def _is_public(comment: Mapping[str, Any]) -> bool:
    return bool(comment.get("jsdPublic")) and not comment.get("visibility")


def _number(text: str | None, otherwise: int) -> int:
    try:
        return int(text) if text else otherwise
    except ValueError:
        raise Refusal(400, f"'{text}' is not a number") from None


def _field_names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _shown(issue: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    """Return an issue with the fields that were asked for; comments only the first few, as Cloud's search does."""
    if fields <= {"id"}:
        return {"id": issue["id"]}
    everything = bool(fields & {"*all", "*navigable"})
    shown = {name: value for name, value in issue["fields"].items() if everything or name in fields}
    if "comment" in shown:
        every = shown["comment"]["comments"]
        first = [_without_properties(comment) for comment in every[:EMBEDDED_COMMENTS]]
        shown["comment"] = {"comments": first, "maxResults": len(first), "total": len(every), "startAt": 0}
    return {"id": issue["id"], "key": issue["key"], "fields": shown}


def _token(start: int, jql: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, jql]).encode()).decode()


def _read_token(token: str | None, jql: str) -> int:
    if not token:
        return 0
    try:
        start, asked = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise Refusal(400, "The provided nextPageToken is invalid.") from None
    if asked != jql or not isinstance(start, int):
        raise Refusal(400, "The provided nextPageToken belongs to another query.")
    return start


class JiraHandler(QuietHandler):
    """HTTP for `JiraApi`: authentication, faults, JSON."""

    api: JiraApi
    empty: JiraApi
    """What a stranger sees of a site that is not open to everybody."""
    authorization: str | None = None

    def do_GET(self) -> None:
        """Answer a GET."""
        parts = urlsplit(self.path)
        parameters = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self._serve(parts.path, parameters)

    def do_POST(self) -> None:
        """Answer a search whose parameters are JSON, or take a fault to come."""
        length = min(int(self.headers.get("Content-Length") or 0), 1 << 20)
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            body = {}
        path = urlsplit(self.path).path
        if path == "/_faults" and self._authorised():
            fault = Fault(**body)
            self.api.store.faults.append(fault)
            self._json(201, asdict(fault))
            return
        given = {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in body.items()
            if value is not None
        }
        self._serve(path, given)

    def _serve(self, path: str, parameters: Parameters) -> None:
        if path == "/status":
            self._json(200, {"state": "RUNNING"})
            return
        fault = self.api.store.fault_for(self.path)
        if fault and fault.mode == "answer":
            self.reply(fault.status, fault.body.encode(), {"Content-Type": "application/json", **fault.headers})
            return
        if fault and fault.mode == "hang_up":
            self.close_connection = True
            return
        authorised, named = self._authorised(), bool(self.headers.get("Authorization"))
        failed = named and not authorised
        try:
            # Server refuses wrong credentials anywhere; Cloud then answers as to a stranger.
            if (MYSELF.match(path) and not (authorised and named)) or (failed and path.startswith("/rest/api/2/")):
                raise Refusal(401, "Client must be authenticated to access this resource.")
            status, data = 200, (self.api if authorised else self.empty).answer(path, parameters)
        except Refusal as refusal:
            status, data = refusal.status, {"errorMessages": [refusal.message], "errors": {}}
        self._json(status, data, fault, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"} if failed else {})

    def _authorised(self) -> bool:
        given = self.headers.get("Authorization", "")
        return self.authorization is None or hmac.compare_digest(given.encode(), self.authorization.encode())

    def _json(self, status: int, data: Any, fault: Fault | None = None, more: Mapping[str, str] | None = None) -> None:
        body = json.dumps(data, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json;charset=UTF-8", **(more or {})}
        if fault and fault.mode == "truncate":
            body = body[: len(body) // 2]
        if fault and fault.mode == "drip":
            self._drip(body)
            return
        self.reply(status, body, headers)

    def _drip(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.05)


def make_server(port: int, store: TicketStore, credentials: tuple[str, str] | None = None) -> LoopbackServer:
    """Return a server on the loopback (port 0: any free one); without credentials it is open to everybody."""
    pair = base64.b64encode(":".join(credentials).encode()).decode() if credentials else None
    served = {"api": JiraApi(store), "empty": JiraApi(TicketStore({}))}
    handler = type("Handler", (JiraHandler,), {**served, "authorization": f"Basic {pair}" if pair else None})
    return LoopbackServer(("127.0.0.1", port), handler)


def main() -> None:
    """Serve the sample tickets; `JIRA_EMAIL` and `JIRA_API_TOKEN` in the environment are then required of clients."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=28081)
    parser.add_argument("--tickets", type=Path, default=SAMPLES)
    arguments = parser.parse_args()
    email, token = os.environ.get("JIRA_EMAIL"), os.environ.get("JIRA_API_TOKEN")
    credentials = (email, token) if email and token else None
    serve(make_server(arguments.port, TicketStore.load(arguments.tickets), credentials), "Sample tickets")


if __name__ == "__main__":
    main()
