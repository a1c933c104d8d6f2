"""robots.txt by RFC 9309, with protego's matching of patterns."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

from protego import Protego

from pipeline.collect.web.fetch import Fetched, Fetcher, FetchError
from pipeline.collect.web.urls import origin

MAX_BYTES = 500 * 1024
"""RFC 9309, section 2.5: crawlers must parse at least 500 KiB; nothing obliges them to read more."""
MAX_WILDCARDS = 8
EMPTY = (204, 205)
"""A success without a body is a file without rules."""
_TEXT_TYPES = ("text/plain", "text/html", "application/octet-stream", "text/x-robots")
_RULE = re.compile(r"^\s*(allow|disallow)\s*:\s*(.*?)\s*(?:#.*)?$", re.IGNORECASE)


@dataclass(slots=True)
class Rules:
    """What a host allows this collector: `refusal` says why nothing at all may be fetched, `reason` its category."""

    parsed: Protego | None = None
    refusal: str | None = None
    reason: str = "robots.txt unreachable"
    delay: float = 0.0
    sitemaps: list[str] = field(default_factory=list)


class Robots:
    """The rules of every host that was asked, fetched once each."""

    def __init__(self, fetcher: Fetcher) -> None:
        """The product token of the fetcher's user agent is what rules are looked up for."""
        self._fetcher = fetcher
        self._agent = re.split(r"[/\s]", fetcher.user_agent.strip(), maxsplit=1)[0] or "*"
        self._rules: dict[str, Rules] = {}
        self._lock = threading.Lock()

    def check(self, url: str) -> None:
        """Raise FetchError when robots.txt forbids a URL or could not be read for a fault of the server."""
        rules = self.rules(url)
        if rules.refusal:
            raise FetchError(rules.reason, rules.refusal, url)
        if rules.parsed is not None and not rules.parsed.can_fetch(url, self._agent):
            raise FetchError("forbidden by robots.txt", f"for {self._agent}", url)

    def rules(self, url: str) -> Rules:
        """Return the rules of a URL's host; the crawl delay is passed on to the host's gate."""
        host = origin(url)
        with self._lock:
            if host not in self._rules:
                self._rules[host] = self._read(host)
                if self._rules[host].delay > 0:
                    self._fetcher.gate(url).slow_down(self._rules[host].delay)
            return self._rules[host]

    def _read(self, host: str) -> Rules:
        try:
            answer = self._fetcher.get(
                f"{host}/robots.txt", types=(*_TEXT_TYPES, "application/xhtml+xml", "text/markdown")
            )
        except FetchError as problem:
            return _without_file(problem)
        return parse(answer, self._agent)


def parse(answer: Fetched, agent: str) -> Rules:
    """Read the rules out of a robots.txt; what is no robots.txt (an HTML page, binary data) forbids nothing."""
    text = answer.body[:MAX_BYTES].decode("utf-8-sig", "replace")
    parsed = Protego.parse(tame(text))
    delay = parsed.crawl_delay(agent)
    return Rules(parsed, delay=max(0.0, float(delay or 0.0)), sitemaps=list(parsed.sitemaps)[:100])


def _without_file(problem: FetchError) -> Rules:
    """RFC 9309, section 2.3.1: a client error means no rules; a server error or no answer means do not crawl."""
    status = re.fullmatch(r"status (\d+)", problem.reason)
    code = int(status.group(1)) if status else 0
    absent = problem.reason in ("gone", "not a page", "too many redirects", "redirect loop", "bad redirect")
    if absent or code in EMPTY or (400 <= code < 500 and code != 429):
        return Rules()
    if problem.reason in ("address not allowed", "host not found", "not a URL"):
        return Rules(refusal=problem.detail, reason=problem.reason)
    return Rules(refusal=f"{problem.reason}: {problem.detail}; without its rules nothing is fetched")


def tame(text: str) -> str:
    """Return the file with patterns of many wildcards cut short, because matching those can take for ever.

    A cut `Disallow` forbids more than it did; a cut `Allow` would allow more, so it is dropped.
    """
    lines = []
    for line in text.splitlines():
        rule = _RULE.match(line)
        if rule:
            pattern = re.sub(r"\*{2,}", "*", rule.group(2))
            parts = pattern.split("*")
            if len(parts) > MAX_WILDCARDS + 1:
                if rule.group(1).lower() == "allow":
                    continue
                pattern = "*".join(parts[: MAX_WILDCARDS + 1])
            line = f"{rule.group(1)}: {pattern}"
        lines.append(line)
    return "\n".join(lines)
