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
import hmac
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pipeline.local.http_service import LoopbackServer, QuietHandler, serve
from pipeline.local.jira_api import MYSELF, JiraApi, Parameters
from pipeline.local.jira_parameters import Refusal
from pipeline.local.jira_store import SAMPLES, Fault, TicketStore


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
