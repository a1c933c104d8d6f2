"""HTTP as a ticket system needs it: credentials for one host only, limits, and patience with a cap."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from pipeline.collect.addresses import PinnedTransport
from pipeline.collect.jira.credentials import Credentials
from pipeline.collect.jira.refusal import RequestFailed, message_of
from pipeline.collect.retry_after import retry_after
from pipeline.collect.web.transport import DeadlineTransport, deadline
from pipeline.errors import SourceError
from pipeline.log import get_logger

log = get_logger(__name__)
LOGIN_FAILED = "AUTHENTICATED_FAILED"
"""What Jira says beside an answer, of whatever status, that it gave as to a stranger: the credentials are wrong."""
RETRIED = frozenset((429, 500, 502, 503, 504))
KEPT_HEADERS = ("content-type", "date", "etag", "last-modified", "retry-after", "x-arequestid", "x-ratelimit-remaining")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is tried. Times are in seconds, sizes in bytes.

    `longest_wait` caps the waits that we choose; what a Retry-After asks for is waited out as long as the waits since
    the last success stay within `total_wait`, else the call fails at once. An attempt ends after `deadline`, and none
    is begun when a call has taken `longest_call` without its waits.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 30.0
    total_wait: float = 900.0
    timeout: float = 30.0
    deadline: float = 120.0
    longest_call: float = 300.0
    max_bytes: int = 64 << 20


@dataclass(slots=True)
class Answer:
    """A JSON answer with its raw bytes and what is worth keeping of the exchange."""

    data: Any
    body: bytes
    headers: Mapping[str, str]
    metadata: dict[str, Any] = field(default_factory=dict)


class JsonClient:
    """Gets JSON from one site."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        user_agent: str,
        allow_private: bool = False,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open connections to one site; credentials are never sent anywhere else, since no redirect is followed."""
        self.base_url = base_url.rstrip("/")
        self.named = bool(credentials.headers())
        """Whether the site is told who asks."""
        self._patience = patience or Patience()
        self._sleep = sleep
        self._waited = 0.0
        self._http = httpx.Client(
            transport=PinnedTransport(allow_private=allow_private, inner=DeadlineTransport()),
            timeout=self._patience.timeout,
            headers={"User-Agent": user_agent, "Accept": "application/json", **credentials.headers()},
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def get(
        self, path: str, params: Mapping[str, str | int] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Get JSON from a path below the site, trying again where that can help.

        Raises RequestFailed for a final refusal, SourceError when the site cannot be reached or is not what it
        should be.
        """
        url = self.base_url + path
        last = RequestFailed(0, "no attempt", url)
        begun, waited = time.monotonic(), self._waited
        for attempt in range(1, self._patience.attempts + 1):
            try:
                answer = self._once(url, params, headers)
            except _Again as again:
                last = again.failure
                if time.monotonic() - begun - (self._waited - waited) > self._patience.longest_call:
                    break
                if attempt < self._patience.attempts:
                    self._wait(again.wait, attempt, last)
            else:
                self._waited = 0.0
                return answer
        raise last

    def _once(self, url: str, params: Mapping[str, str | int] | None, headers: Mapping[str, str] | None) -> Answer:
        # An empty mapping would take away what the path itself asks for.
        request = self._http.build_request("GET", url, params=params or None, headers=headers)
        try:
            with deadline(self._patience.deadline):
                response = self._http.send(request, stream=True)
                try:
                    body = self._body(response, url)
                finally:
                    response.close()
        except httpx.UnsupportedProtocol:
            raise SourceError("This address cannot be asked", where=url, remedy="Use http:// or https://") from None
        except (httpx.TransportError, httpx.DecodingError) as problem:
            raise _Again(RequestFailed(0, f"{type(problem).__name__}: {problem}", url)) from None
        except httpx.InvalidURL as problem:
            raise SourceError(f"This is no address: {problem}", where=url, remedy="Correct base_url") from None
        if self.named and LOGIN_FAILED in response.headers.get("X-Seraph-LoginReason", ""):
            raise RequestFailed(401, "the site does not accept the credentials", url)
        if response.status_code in RETRIED:
            failure = RequestFailed(response.status_code, message_of(body), url)
            raise _Again(failure, retry_after(response.headers.get("Retry-After")))
        if response.status_code == 304:
            return Answer(None, b"", dict(response.headers), {"status": 304})
        if response.is_redirect:
            target = response.headers.get("Location", "nowhere").split("?")[0]
            raise RequestFailed(response.status_code, f"it redirects to {target}", url)
        if response.is_error:
            raise RequestFailed(response.status_code, message_of(body), url)
        return self._parsed(request, response, body)

    def _body(self, response: httpx.Response, url: str) -> bytes:
        limit = self._patience.max_bytes
        parts: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > limit:
                raise RequestFailed(response.status_code, f"the answer is larger than {limit >> 20} MB", url)
            parts.append(chunk)
        return b"".join(parts)

    def _parsed(self, request: httpx.Request, response: httpx.Response, body: bytes) -> Answer:
        url = str(request.url)
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as problem:
            if body.lstrip()[:1] == b"<":
                raise RequestFailed(response.status_code, "it answers with a web page, not with JSON", url) from None
            raise _Again(RequestFailed(response.status_code, f"its JSON is damaged: {problem}", url)) from None
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        return Answer(data, body, headers, {"url": url, "status": response.status_code, "headers": headers})

    def _wait(self, asked: float | None, attempt: int, failure: RequestFailed) -> None:
        patience = self._patience
        backoff = patience.first_wait * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311
        wait = min(patience.longest_wait, backoff) if asked is None else asked
        left = patience.total_wait - self._waited
        if wait > left:
            named = "" if asked is None else f"; it asks for a wait of {asked:.0f} s, of which {left:.0f} s are left"
            raise RequestFailed(failure.status, failure.message + named, failure.url)
        self._waited += wait
        log.info("trying again", url=failure.url, cause=str(failure), wait_seconds=round(wait, 2))
        self._sleep(wait)


class _Again(Exception):
    """A failure that another attempt may mend, with the wait that the server asked for."""

    def __init__(self, failure: RequestFailed, wait: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.wait = wait
