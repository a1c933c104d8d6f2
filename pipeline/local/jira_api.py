"""What the sample ticket server answers: Jira Cloud's version 3, Server's version 2 and the service desk's comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pipeline.local.jira_parameters import Refusal, field_names, number, page_token, read_token
from pipeline.local.jira_query import QueryError, parse
from pipeline.local.jira_store import TicketStore

ZONE = "Europe/Berlin"
EMBEDDED_COMMENTS = 5
MAX_ISSUES = 100
MAX_IDS = 5000
MYSELF = re.compile(r"^/rest/api/[23]/myself$")


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
            (re.compile(r"^/rest/servicedeskapi/request/([^/]+)/participant$"), self.participants),
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
        fields = field_names(parameters.get("fields", "id"))
        limit = MAX_IDS if fields <= {"id", "key"} else MAX_ISSUES
        size = max(1, min(number(parameters.get("maxResults"), 50), limit))
        start = read_token(parameters.get("nextPageToken"), jql)
        page = [_shown(issue, fields) for issue in found[start : start + size]]
        if start + size >= len(found):
            return {"issues": page, "isLast": True}
        return {"issues": page, "nextPageToken": page_token(start + size, jql), "isLast": False}

    def removed(self, parameters: Parameters) -> Any:
        """Answer the search that Cloud removed."""
        raise Refusal(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")

    def search_by_number(self, parameters: Parameters) -> Any:
        """Answer `/rest/api/2/search` as Server does."""
        found = self._matching(parameters.get("jql", ""), bounded=False)
        start = max(0, number(parameters.get("startAt"), 0))
        size = max(0, min(number(parameters.get("maxResults"), 50), 1000))
        fields = field_names(parameters.get("fields", "*all"))
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
        return _shown(self._issue(name), field_names(parameters.get("fields", "*all")))

    def comments(self, parameters: Parameters, name: str) -> Any:
        """Answer a page of an issue's comments, internal ones included, as Jira does for a licensed user."""
        every = self._issue(name)["fields"]["comment"]["comments"]
        if "properties" not in parameters.get("expand", ""):
            every = [_without_properties(comment) for comment in every]
        start = max(0, number(parameters.get("startAt"), 0))
        size = max(1, min(number(parameters.get("maxResults"), 50), 100))
        return {"startAt": start, "maxResults": size, "total": len(every), "comments": every[start : start + size]}

    def desk_comments(self, parameters: Parameters, name: str) -> Any:
        """Answer the service desk's view of a request's comments: plain text, public ones on demand."""
        from pipeline.collect.jira.adf import adf_text

        start = max(0, number(parameters.get("start"), 0))
        size = max(1, min(number(parameters.get("limit"), 50), 100))
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

    def participants(self, parameters: Parameters, name: str) -> Any:
        """Answer the customers who take part in a request besides its reporter, all on one page."""
        issue = self._issue(name)
        values = [_desk_author(author) for author in issue.get("participants", ())]
        return {"start": 0, "limit": len(values), "size": len(values), "isLastPage": True, "values": values}


def _without_properties(comment: dict[str, Any]) -> dict[str, Any]:
    """Return a comment as it is given where its properties were not asked for."""
    return {name: value for name, value in comment.items() if name != "properties"}


def _desk_author(author: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an author in the service desk's words, which do not tell customers from agents."""
    known = ("accountId", "name", "key", "emailAddress", "displayName", "active", "timeZone")
    return None if author is None else {name: author[name] for name in known if name in author}


def _is_public(comment: Mapping[str, Any]) -> bool:
    return bool(comment.get("jsdPublic")) and not comment.get("visibility")


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
