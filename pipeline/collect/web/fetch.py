"""Polite and careful fetching of single URLs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from pipeline.collect.addresses import PinnedTransport
from pipeline.collect.retry_after import retry_after
from pipeline.collect.web.decompress import BadEncoding, TooLarge, read_limited
from pipeline.collect.web.gate import HostGate, TooSlow
from pipeline.collect.web.transport import DeadlineTransport, deadline
from pipeline.collect.web.urls import BadUrl, canonical, join, origin
from pipeline.errors import SourceError

PAGE_TYPES = ("text/html", "application/xhtml+xml")
SITEMAP_TYPES = (
    "application/xml",
    "text/xml",
    "application/gzip",
    "application/x-gzip",
    "text/plain",
    "application/octet-stream",
)
_RETRIED = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_SECRET_HEADERS = ("set-cookie", "authorization", "proxy-authorization", "cookie")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost: bytes after decompression, seconds per request, redirects, attempts, waits."""

    body_bytes: int = 10 * 1024 * 1024
    seconds: float = 30.0
    read_seconds: float = 10.0
    redirects: int = 5
    attempts: int = 3
    wait_seconds: float = 60.0
    backoff_seconds: float = 1.0


@dataclass(slots=True)
class Fetched:
    """An answer: `status` is 200 or 304 or another final status, `url` where it came from in the end."""

    requested: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    redirects: list[str] = field(default_factory=list)

    @property
    def content_type(self) -> str | None:
        """The Content-Type header, or None."""
        return self.headers.get("content-type")


class FetchError(Exception):
    """A URL that could not be fetched; `reason` is a short category, `detail` says what happened."""

    def __init__(self, reason: str, detail: str, url: str, *, passing: bool = False, wait: float | None = None) -> None:
        """`passing` faults may be gone at the next try, after at least `wait` seconds if the server said so."""
        super().__init__(f"{reason}: {detail} ({url})")
        self.reason = reason
        self.detail = detail
        self.url = url
        self.passing = passing
        self.wait = wait


class Fetcher:
    """Fetches URLs of any number of hosts, each at its own pace; safe to use from several threads."""

    def __init__(
        self,
        user_agent: str,
        *,
        allow_private: bool = False,
        requests_per_second: float = 2.0,
        concurrency: int = 2,
        limits: Limits | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`user_agent` names the collector and a contact; `transport` is for tests of transports only."""
        self.limits = limits or Limits()
        self.user_agent = user_agent
        self._rate = requests_per_second
        self._concurrency = concurrency
        self._gates: dict[str, HostGate] = {}
        self._transport = transport or PinnedTransport(
            allow_private=allow_private, inner=DeadlineTransport(connections=concurrency)
        )
        self._headers = {
            "user-agent": user_agent,
            "accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
            "accept-encoding": "gzip, deflate",
            "accept-language": "*",
            "connection": "keep-alive",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def gate(self, url: str) -> HostGate:
        """Return the gate of a URL's host."""
        host = origin(url)
        return self._gates.setdefault(host, HostGate(rate=self._rate, concurrency=self._concurrency))

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        types: tuple[str, ...] = PAGE_TYPES,
        allowed: Callable[[str], None] | None = None,
    ) -> Fetched:
        """Fetch a URL, following redirects, waiting its turn, and trying again when the fault may pass.

        With `etag` or `last_modified` the request is conditional and the answer may be a 304. `allowed` is asked before
        every request, redirect targets included, and raises FetchError to forbid it. Raises FetchError otherwise for
        everything that is not a 2xx or 304 answer of an allowed type within the limits.
        """
        attempt = 1
        while True:
            try:
                return self._follow(url, _conditions(etag, last_modified), types, allowed)
            except FetchError as problem:
                wait = problem.wait if problem.wait is not None else self._backoff(attempt)
                if not problem.passing or attempt >= self.limits.attempts or wait > self.limits.wait_seconds:
                    raise
                self.gate(problem.url).pause(wait)
                time.sleep(wait)
                attempt += 1

    def _backoff(self, attempt: int) -> float:
        spread = random.uniform(0.75, 1.25)  # noqa: S311
        return self.limits.backoff_seconds * 2.0 ** (attempt - 1) * spread

    def _follow(
        self,
        url: str,
        conditions: dict[str, str],
        types: tuple[str, ...],
        allowed: Callable[[str], None] | None,
    ) -> Fetched:
        seen: list[str] = []
        current = _checked(url)
        while True:
            if allowed is not None:
                allowed(current)
            answer, target = self._once(current, conditions if not seen else {}, types)
            if answer is not None:
                answer.requested, answer.redirects = url, seen
                return answer
            seen.append(current)
            current = _target(current, target or "")
            if current in seen:
                raise FetchError("redirect loop", f"{current} leads back to itself", url)
            if len(seen) > self.limits.redirects:
                raise FetchError("too many redirects", f"more than {self.limits.redirects}", url)

    def _once(self, url: str, conditions: dict[str, str], types: tuple[str, ...]) -> tuple[Fetched | None, str | None]:
        try:
            with self.gate(url).turn(), deadline(self.limits.seconds):
                return self._exchange(url, conditions, types)
        except TooSlow as problem:
            raise FetchError("crawl delay too long", str(problem), url) from None
        except SourceError as problem:
            unknown = problem.what.startswith("The host name")
            raise FetchError("host not found" if unknown else "address not allowed", str(problem), url) from None
        except httpx.TimeoutException:
            raise FetchError(
                "time-out", f"no whole answer within {self.limits.seconds:g} s", url, passing=True
            ) from None
        except (httpx.TransportError, OSError) as problem:
            passing = "certificate" not in str(problem).lower()
            detail = str(problem) or type(problem).__name__
            raise FetchError("connection failed", detail, url, passing=passing) from None
        except (httpx.InvalidURL, ValueError) as problem:
            raise FetchError("not a URL", str(problem), url) from None

    def _exchange(
        self, url: str, conditions: dict[str, str], types: tuple[str, ...]
    ) -> tuple[Fetched | None, str | None]:
        timeout = {"connect": 10.0, "read": self.limits.read_seconds, "write": 10.0, "pool": self.limits.seconds}
        request = httpx.Request("GET", url, headers={**self._headers, **conditions}, extensions={"timeout": timeout})
        response = self._transport.handle_request(request)
        try:
            status, headers = response.status_code, _readable(response.headers)
            if status in _REDIRECTS and headers.get("location"):
                return None, headers["location"]
            if status == 304:
                return Fetched(url, url, status, headers, b""), None
            if not 200 <= status < 300 or status in (204, 205):
                raise self._refusal(status, headers, url)
            _check_type(headers.get("content-type"), types, url)
            return Fetched(url, url, status, headers, self._body(response, headers, url)), None
        finally:
            response.close()

    def _refusal(self, status: int, headers: Mapping[str, str], url: str) -> FetchError:
        wait = retry_after(headers.get("retry-after"))
        reason = "gone" if status in (404, 410) else f"status {status}"
        detail = f"the server answered {status}"
        if wait is not None and wait > self.limits.wait_seconds:
            detail += f" and asks to wait {wait:.0f} s, longer than the {self.limits.wait_seconds:g} s allowed"
        return FetchError(reason, detail, url, passing=status in _RETRIED, wait=wait)

    def _body(self, response: httpx.Response, headers: Mapping[str, str], url: str) -> bytes:
        limit = self.limits.body_bytes
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise FetchError("too large", f"{announced} bytes announced, {limit} allowed", url)
        try:
            return read_limited(_timed(response), headers.get("content-encoding", ""), limit)
        except TooLarge as problem:
            raise FetchError("too large", str(problem), url) from None
        except BadEncoding as problem:
            raise FetchError("bad content encoding", str(problem), url) from None


def _timed(response: httpx.Response) -> httpx.SyncByteStream:
    stream = response.stream
    assert isinstance(stream, httpx.SyncByteStream)
    return stream


def _conditions(etag: str | None, last_modified: str | None) -> dict[str, str]:
    found = {"if-none-match": etag, "if-modified-since": last_modified}
    return {name: value for name, value in found.items() if value and value.isascii() and "\n" not in value}


def _checked(url: str) -> str:
    try:
        return canonical(url)
    except BadUrl as problem:
        raise FetchError("not a URL", str(problem), url) from None


def _target(base: str, location: str) -> str:
    try:
        return join(base, location)
    except BadUrl as problem:
        raise FetchError("bad redirect", f"to {location[:200]!r}: {problem}", base) from None


def _readable(headers: httpx.Headers) -> dict[str, str]:
    """Return the headers with lower-case names, without cookies and credentials, which nobody may land."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}


def _check_type(content_type: str | None, types: tuple[str, ...], url: str) -> None:
    kind = (content_type or "").split(";")[0].strip().lower()
    if kind and kind not in types:
        raise FetchError("not a page", f"its content type is {kind}", url)
