"""One pass over a site: what each page is now, compared with what it was at the previous run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pipeline.collect.source import Document, Landing, SourceState
from pipeline.collect.web.claims import Claims
from pipeline.collect.web.crawl import Crawl, Scope, Visit
from pipeline.collect.web.extract import extract_page
from pipeline.collect.web.fetch import Fetched, Fetcher, FetchError
from pipeline.collect.web.identity import content_digest, kept_headers, land, page_identity
from pipeline.collect.web.model import Selector
from pipeline.collect.web.robots import Robots
from pipeline.collect.web.rows import page_batches, page_set_aside
from pipeline.collect.web.sitemap import BadSitemap, read_all
from pipeline.collect.web.urls import BadUrl, canonical
from pipeline.errors import SourceError
from pipeline.settings import WebSourceSettings

MAX_LINKS_KEPT = 2_000
_NO_LOSS = ("not a page", "forbidden by robots.txt", "gone")
"""Why a followed link may lead to nothing: broken links and pictures are no lost pages."""


@dataclass(slots=True)
class _Known:
    document_id: str
    validators: Mapping[str, Any]


@dataclass(slots=True)
class SitePass:
    """The work of one run. `complete` and `warnings` are known when the last document has been taken."""

    config: WebSourceSettings
    state: SourceState
    landing: Landing
    fetcher: Fetcher
    known: dict[str, _Known] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)
    deferred: list[tuple[_Known, Visit]] = field(default_factory=list)
    failures: list[FetchError] = field(default_factory=list)
    unread: dict[str, list[str]] = field(default_factory=dict)
    readable: int = 0
    complete: bool = True
    warnings: list[str] = field(default_factory=list)

    def documents(self) -> Iterator[Document]:
        """Yield every page of the site once; raises SourceError when nothing at all could be read or is known."""
        config = self.config
        known = [_Known(identity, validators) for identity, validators in self.state.documents.items()]
        self.known = {entry.document_id: entry for entry in known if not entry.validators.get("url")}
        self.known |= {str(entry.validators["url"]): entry for entry in known if entry.validators.get("url")}
        robots = Robots(self.fetcher)
        crawl = Crawl(
            self.fetcher,
            robots,
            Scope(config.follow, config.max_depth, config.max_pages),
            validators=self._validators,
            concurrency=config.concurrency,
        )
        for visit in crawl.run(self._starts(robots)):
            yield from self._document(visit, crawl)
        if self.known and (config.follow or not self.complete):
            for visit in crawl.revisit(sorted(self.known)):
                yield from self._document(visit, crawl)
        yield from self._revived(robots)
        missed = crawl.missed()
        for sentence, urls in self.unread.items():
            more = f" and {len(urls) - 1} more" if len(urls) > 1 else ""
            self.warnings.append(f"{config.name}: {sentence}: {urls[0][:200]}{more}")
        self.complete = self.complete and not missed
        self.warnings += [f"{config.name}: {sentence}" for sentence in missed]
        self._fail_if_nothing()

    def _starts(self, robots: Robots) -> Iterator[str]:
        config = self.config
        for url in config.urls:
            try:
                yield canonical(url)
            except BadUrl as problem:
                self.failures.append(FetchError("not a URL", str(problem), url))
                self.warnings.append(f"{config.name}: {url[:200]} is not collected: {problem}")
        if config.sitemap:
            try:
                found = read_all(config.sitemap, self.fetcher, robots.check, self._missing)
                yield from islice(found, config.max_pages + 1)
            except (FetchError, BadSitemap, BadUrl) as problem:
                where = FetchError("sitemap unreadable", str(problem), config.sitemap)
                self.failures.append(where)
                self._missing(str(where))

    def _missing(self, sentence: str) -> None:
        """Keep why pages of the site may not have been seen: those that are known stay, and people are told."""
        self.complete = False
        self.warnings.append(f"{self.config.name}: {sentence}")

    def _validators(self, url: str) -> Mapping[str, Any]:
        known = self.known.get(url)
        return known.validators if known else {}

    def _document(self, visit: Visit, crawl: Crawl) -> Iterator[Document]:
        known = self.known.get(visit.url)
        if known is not None:
            visit.links = list(known.validators.get("links") or ())
        if visit.answer is None:
            yield from self._unfetched(visit, known)
            return
        self.readable += 1
        digest = hashlib.sha256(visit.answer.body).hexdigest()
        if known and (visit.answer.status == 304 or digest == known.validators.get("sha256")):
            yield from self._unchanged(visit, known)
            return
        if visit.answer.status == 304:
            problem = FetchError("status 304", "the server says unchanged to a first request", visit.url)
            yield from self._failed(visit, problem)
            return
        yield from self._changed(visit.url, visit.answer, digest, crawl, visit)

    def _unchanged(self, visit: Visit, known: _Known) -> Iterator[Document]:
        if known.validators.get("duplicate_of"):
            self.deferred.append((known, visit))  # until it is known what became of the original
            return
        place = visit.answer.url if visit.answer else visit.url
        if self.claims.claim(known.document_id, place):
            self.claims.hold(known.validators, known.document_id)
            fresh = kept_headers(visit.answer) if visit.answer and visit.answer.status != 304 else {}
            yield Document(known.document_id, "unchanged", {**known.validators, **fresh})
        elif self.claims.places[known.document_id] != place:
            self.deferred.append((known, visit))  # another page goes by its id now

    def _changed(
        self, url: str, answer: Fetched, digest: str, crawl: Crawl | None, visit: Visit | None = None
    ) -> Iterator[Document]:
        config = self.config
        land(self.landing, url, answer, self.state.now)
        chosen = config.selector
        selector = Selector(chosen.container, chosen.question, chosen.answer) if chosen else None
        page = extract_page(answer.body, answer.url, answer.content_type, selector)
        for sentence in page.warnings:
            self.unread.setdefault(sentence, []).append(url)
        if visit is not None and crawl is not None:
            visit.links = [] if page.nofollow else page.links
        content = content_digest(page)
        wished = page_identity(page, answer.url, self.claims.taken)
        identity = self.claims.claim_changed(wished, answer.url, content)
        if identity is None:
            return
        validators: dict[str, Any] = {"url": url, "sha256": digest, **kept_headers(answer)}
        if crawl is not None and visit is not None:
            validators["links"] = crawl.inside(visit.links)[:MAX_LINKS_KEPT]
        original = self.claims.contents.get(content) if content else None
        if original:
            aside = page_set_aside(config.name, identity, "duplicate", f"the same questions and answers as {original}")
            validators |= {"duplicate_of": original, "content": content}
            yield Document(identity, "changed", validators, (), [aside])
            return
        if content:
            self.claims.contents[content] = identity
            validators["content"] = content
        batches, aside_rows = page_batches(page, identity, config, answer, self.state.now)
        yield Document(identity, "changed", validators, batches, aside_rows)

    def _unfetched(self, visit: Visit, known: _Known | None) -> Iterator[Document]:
        problem = visit.error
        assert problem is not None
        if problem.reason == "gone" and known:
            if self.claims.claim(known.document_id, visit.url):
                yield Document(known.document_id, "gone")
            return
        self.failures.append(problem)
        if known is None and visit.depth > 0 and problem.reason in _NO_LOSS:
            return
        yield from self._failed(visit, problem, known)

    def _failed(self, visit: Visit, problem: FetchError, known: _Known | None = None) -> Iterator[Document]:
        if known is None and (self.config.follow or problem.reason not in _NO_LOSS):
            self.complete = False  # earlier rows may belong to it, under the address that it led to or linked to
        names = [known.document_id, visit.url] if known else [visit.url]
        identity = next((name for name in names if self.claims.claim(name, visit.url)), None)
        if identity is None:
            return
        validators = known.validators if known and identity == known.document_id else {}
        self.claims.hold(validators, identity)
        aside = page_set_aside(self.config.name, visit.url, problem.reason, problem.detail)
        yield Document(identity, "failed", validators, (), [aside])

    def _revived(self, robots: Robots) -> Iterator[Document]:
        """Read pages that were duplicates of a page which is gone now, or which reads differently now."""
        for known, visit in self.deferred:
            if known.validators.get("content") in self.claims.contents:
                if self.claims.claim(known.document_id, visit.url):
                    yield Document(known.document_id, "unchanged", known.validators)
                continue
            try:
                answer = self.fetcher.get(visit.url, allowed=robots.check)
            except FetchError as problem:
                yield from self._failed(visit, problem, known)
                continue
            yield from self._changed(visit.url, answer, hashlib.sha256(answer.body).hexdigest(), None)

    def _fail_if_nothing(self) -> None:
        if self.readable or self.known or not self.failures:
            return
        first = self.failures[0]
        private = first.reason == "address not allowed"
        raise SourceError(
            f"Nothing could be read: {first.reason}: {first.detail.rstrip('.')}",
            where=first.url,
            remedy=None if private else "Check the address, robots.txt and that the site is up",
        )
