"""Which pages of a site are fetched and in which order: one page, a list, a sitemap, or links followed in a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pipeline.collect.web.fetch import Fetched, Fetcher, FetchError
from pipeline.collect.web.robots import Robots
from pipeline.collect.web.urls import BadUrl, canonical, folder_of, in_folder, may_be_page

MAX_QUERIES_PER_PATH = 50
"""Followed links that differ only in their query string: more than this is likely a calendar or a search."""
MAX_CUT_KEPT = 10_000
"""So many links that were not followed are remembered, to tell at the end what was missed."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a crawl goes: `follow` links within the folders of the start pages, at most so deep, at most so many."""

    follow: bool = False
    max_depth: int = 3
    max_pages: int = 500


@dataclass(slots=True)
class Visit:
    """A URL that was tried: an answer (status 200 or 304), or the error."""

    url: str
    depth: int
    answer: Fetched | None = None
    error: FetchError | None = None
    links: list[str] = field(default_factory=list)
    """Set by whoever reads the page, before the next visit is asked for: where to go on from here."""


class Crawl:
    """One pass over a site. Visits come breadth first and in a stable order, whatever the network's timing."""

    def __init__(
        self,
        fetcher: Fetcher,
        robots: Robots,
        scope: Scope,
        *,
        validators: Callable[[str], Mapping[str, Any]] | None = None,
        concurrency: int = 2,
    ) -> None:
        """`validators` gives the ETag and Last-Modified of the previous visit of a URL, for conditional requests."""
        self._fetcher = fetcher
        self._robots = robots
        self._scope = scope
        self._validators = validators or (lambda _url: {})
        self._concurrency = concurrency
        self._seen: set[str] = set()
        self._queries: Counter[str] = Counter()
        self._folders: list[str] = []
        self.visited = 0
        self._full = False
        self._cut: set[str] = set()

    def run(self, starts: Iterable[str]) -> Iterator[Visit]:
        """Visit the start pages, then what they link to, level by level.

        Starts are admitted wherever they are; links only inside the folders of the starts.
        """
        level = [url for url in map(_spelled, starts) if url is not None and self._is_new(url)]
        depth = 0
        while level:
            following: list[str] = []
            for visit in self._level(level, depth):
                if self._scope.follow and depth == 0:
                    self._open_folder(visit)
                yield visit
                if self._scope.follow and depth < self._scope.max_depth:
                    following += self._inside(visit)
            level = following
            depth += 1

    def revisit(self, urls: Iterable[str]) -> Iterator[Visit]:
        """Visit further URLs whose turn did not come by links (pages known from before)."""
        yield from self._level([url for url in urls if self._is_new(url)], self._scope.max_depth)

    def inside(self, links: Iterable[str]) -> list[str]:
        """Return the links that lie in the crawled folders and could be pages, in one spelling, each once."""
        spelled = dict.fromkeys(url for url in map(_spelled, links) if url is not None)
        return [url for url in spelled if may_be_page(url) and any(in_folder(url, folder) for folder in self._folders)]

    def missed(self) -> list[str]:
        """Return, as sentences, why known URLs were left unvisited; none when all were visited."""
        found = []
        if self._full:
            found.append(f"stopped at {self._scope.max_pages} pages; raise max_pages to see the whole site")
        pages = sorted({url.partition("?")[0] for url in self._cut - self._seen})
        if pages:
            more = f" and {len(pages) - 3} more" if len(pages) > 3 else ""
            found.append(
                f"of links that differ only in their query {MAX_QUERIES_PER_PATH} a page are followed; more exist of "
                f"{', '.join(page[:200] for page in pages[:3])}{more}; list those that matter in urls or in a sitemap"
            )
        return found

    def _open_folder(self, visit: Visit) -> None:
        """Let links be followed in the folder of a start page, as it is called after redirects."""
        folder = folder_of(visit.answer.url if visit.answer else visit.url)
        if folder not in self._folders:
            self._folders.append(folder)

    def _inside(self, visit: Visit) -> list[str]:
        return [url for url in self.inside(visit.links) if self._admit(url)]

    def _admit(self, url: str) -> bool:
        """Take in a link, unless too many before it led to the same page with another query."""
        page, _, query = url.partition("?")
        if url not in self._seen and query and self._queries[page] >= MAX_QUERIES_PER_PATH:
            if len(self._cut) < MAX_CUT_KEPT:
                self._cut.add(url)
            return False
        new = self._is_new(url)
        self._queries[page] += bool(query) and new
        return new

    def _is_new(self, url: str) -> bool:
        if url in self._seen:
            return False
        self._seen.add(url)
        return True

    def _level(self, urls: list[str], depth: int) -> Iterator[Visit]:
        room = self._scope.max_pages - self.visited
        if len(urls) > room:
            self._full = True
        queue = iter(urls[: max(0, room)])
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="fetch") as pool:
            running: list[tuple[Visit, Future[Fetched]]] = []
            try:
                while True:
                    for url in islice(queue, self._concurrency * 2 - len(running)):
                        running.append((Visit(url, depth), pool.submit(self._fetch, url)))
                    if not running:
                        return
                    visit, future = running.pop(0)
                    self.visited += 1
                    try:
                        visit.answer = future.result()
                    except FetchError as problem:
                        visit.error = problem
                    yield visit
            finally:
                for _, future in running:
                    future.cancel()

    def _fetch(self, url: str) -> Fetched:
        known = self._validators(url)
        return self._fetcher.get(
            url,
            etag=known.get("etag"),
            last_modified=known.get("last_modified"),
            allowed=self._robots.check,
        )


def _spelled(url: str) -> str | None:
    try:
        return canonical(url)
    except BadUrl:
        return None
