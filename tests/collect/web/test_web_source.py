# ruff: noqa: E501 (markup stays in one line)
"""The source: whole sites, incremental runs, duplicates, what is gone, and rows that are what the records promise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from collect_support import collect, rows_of
from web_support import QUICK, KeptLanding, Reply, Site, page

from pipeline.collect.landing import LakeLanding
from pipeline.collect.registry import source_class
from pipeline.collect.source import Document, SourceState
from pipeline.collect.web import fetch
from pipeline.collect.web.licences import spdx
from pipeline.collect.web.source import WebSource
from pipeline.errors import SourceError
from pipeline.lake import Lake
from pipeline.records import Row, question_id, to_rows
from pipeline.settings import SelectorSettings, WebSourceSettings

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WebSource, "limits", QUICK)


def config(site: Site, *paths: str, **more: Any) -> WebSourceSettings:
    settings: dict[str, Any] = {"allow_private": True, "requests_per_second": 1e4, "licence": "CC-BY-4.0", **more}
    return WebSourceSettings(kind="web", name="shop", urls=[site.url + path for path in paths], **settings)


class Run:
    """One collection, with everything that came of it."""

    def __init__(self, settings: WebSourceSettings, previous: Run | None = None) -> None:
        self.source = WebSource(settings, user_agent="tester/1.0 (+mailto:ops@example.com)")
        self.landing = KeptLanding()
        known = {d.document_id: d.validators for d in previous.kept()} if previous else {}
        self.documents = list(self.source.documents(SourceState(documents=known, now=NOW), self.landing))
        self.rows: list[Row] = [row for document in self.documents for row in to_rows(document.batches)]

    def kept(self) -> Iterator[Document]:
        return (document for document in self.documents if document.status in ("changed", "unchanged"))

    def status(self, site: Site) -> dict[str, str]:
        return {document.document_id.removeprefix(site.url): document.status for document in self.documents}

    def reasons(self, site: Site) -> dict[str, list[str]]:
        return {
            d.document_id.removeprefix(site.url): [aside.reason for aside in d.set_aside]
            for d in self.documents
            if d.set_aside
        }


def faq(*questions: str, extra: str = "") -> str:
    rows = "".join(f'<h2 id="q{n}">{q}</h2><p>The answer to “{q}” of some length.</p>' for n, q in enumerate(questions))
    return page(rows + extra, title="FAQ", heading="FAQ")


def test_the_registry_finds_it() -> None:
    assert source_class("web") is WebSource


def test_rows_of_one_page(site: Site) -> None:
    site.page(
        "/faq.html", faq("Is it free?", "Is it fast?"), headers={"Last-Modified": "Sun, 01 Feb 2026 00:00:00 GMT"}
    )
    run = Run(config(site, "/faq.html?utm_source=mail#top"))
    first = run.rows[0]
    assert first.question == "Is it free?"
    assert first.provenance == f"{site.url}/faq.html#q0"
    assert first.question_id == question_id("shop", first.provenance, first.question)
    assert (first.data_source, first.source_kind, first.document_id) == ("shop", "web", f"{site.url}/faq.html")
    assert (first.licence, first.language, first.section, first.tags) == ("CC-BY-4.0", "en", "FAQ", ["headings"])
    assert (first.collected_at, first.updated_at) == (NOW, datetime(2026, 2, 1, tzinfo=UTC))
    assert first.answer in str(first.context)
    assert "Is it fast?" in str(first.context)
    assert first.context_origin == "page"
    assert len({row.question_id for row in run.rows}) == 2
    (name, (body, metadata)) = next(iter(run.landing.landed.items()))
    assert name.rpartition("/")[2].startswith("faq-")
    assert b"Is it free?" in body
    assert metadata["url"] == f"{site.url}/faq.html"
    assert metadata["headers"]["last-modified"].startswith("Sun")


def test_context_modes(site: Site) -> None:
    site.page("/faq", faq("Is it free?", "Is it fast?", "Is it safe?"))
    without = Run(config(site, "/faq", context="without_answer")).rows
    assert all(row.answer not in str(row.context) for row in without)
    assert "Is it safe?" in str(without[1].context)
    assert [row.context for row in Run(config(site, "/faq", context="none")).rows] == [None] * 3


def test_following_links_stays_in_the_folder(site: Site) -> None:
    links = '<a href="a.html">a</a> <a href="sub/b.html#x">b</a> <a href="../secret.html">out</a> <a href="https://elsewhere.example/">far</a> <a href="m.pdf">pdf</a> <a href="a.html?utm_medium=x">again</a> <a rel="nofollow" href="no.html">no</a>'  # fmt: skip
    site.page("/docs/faq/index.html", page(links, title="FAQ"))
    site.page("/docs/faq/a.html", faq("Is a good?", extra='<a href="index.html">up</a>'))
    site.page("/docs/faq/sub/b.html", faq("Is b good?", extra='<a href="deep/c.html">c</a>'))
    site.page("/docs/faq/sub/deep/c.html", faq("Is c good?", extra='<a href="d.html">d</a>'))
    site.page("/docs/faq/sub/deep/d.html", faq("Is d good?"))
    site.page("/docs/secret.html", faq("Is it secret?"))
    run = Run(config(site, "/docs/faq/index.html", follow=True, max_depth=2))
    assert sorted(row.question for row in run.rows) == ["Is a good?", "Is b good?", "Is c good?"]
    assert site.asked("/docs/secret.html") == site.asked("/docs/faq/m.pdf") == site.asked("/docs/faq/no.html") == 0
    assert max(site.asked(path) for path, _ in site.requests) == 1
    assert run.reasons(site)["/docs/faq/index.html"] == ["not a FAQ"]
    assert site.requests[0][0] == "/robots.txt"


def test_the_folder_is_that_after_redirects(site: Site) -> None:
    site.replies["/help"] = Reply(b"", 301, {"Location": "/help/"})
    site.page("/help/", page('<a href="faq.html">x</a><a href="/other.html">y</a>', title="Help"))
    site.page("/help/faq.html", faq("Is it free?"))
    site.page("/other.html", faq("Is it other?"))
    assert [row.question for row in Run(config(site, "/help", follow=True)).rows] == ["Is it free?"]


def test_page_limit_makes_the_run_incomplete(site: Site) -> None:
    site.page("/faq/", page("".join(f'<a href="p{n}.html">{n}</a>' for n in range(20)), title="FAQ"))
    for n in range(20):
        site.page(f"/faq/p{n}.html", faq(f"Is {n} good?"))
    run = Run(config(site, "/faq/", follow=True, max_pages=6))
    assert len(run.documents) == 6
    assert run.source.complete is False
    assert "max_pages" in run.source.warnings[0]


def test_calendar_traps_end(site: Site) -> None:
    def calendar(handler: Any) -> None:
        number = int(handler.path.partition("=")[2] or 0)
        body = page(
            f'<a href="?day={number + 1}">next</a><a href="?day={number + 1000}">x</a>', title="Calendar"
        ).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
        handler.wfile.write(head.encode() + body)

    site.reply = lambda path: Reply(b"", 404) if path == "/robots.txt" else Reply(calendar)  # type: ignore[method-assign]
    run = Run(config(site, "/cal/days", follow=True, max_depth=20, max_pages=1000))
    assert len(run.documents) <= 60
    assert run.source.complete is False
    assert f"{site.url}/cal/days" in run.source.warnings[0]


@pytest.mark.parametrize("listed", ["urls", "sitemap", "known"])
def test_pages_that_somebody_listed_are_all_visited_whatever_their_queries(site: Site, listed: str) -> None:
    paths = [f"/faq.php?id={n}" for n in range(70)]
    for n, path in enumerate(paths):
        site.page(path, faq(f"Is {n} good?"))
    more: dict[str, Any] = {"sitemap": f"{site.url}/sitemap.txt"} if listed == "sitemap" else {}
    headers = {"Content-Type": "text/plain"}
    site.replies["/sitemap.txt"] = Reply("\n".join(site.url + path for path in paths).encode(), headers=headers)
    first = Run(config(site, *([] if listed == "sitemap" else paths), follow=listed == "known", **more))
    assert len(first.rows) == 70
    assert first.source.complete is True
    if listed == "known":
        again = Run(config(site, paths[0], follow=True), first)
        assert len(again.documents) == 70
        assert again.source.complete is True


def test_links_that_were_cut_are_named_and_retire_nothing(site: Site) -> None:
    links = "".join(f'<a href="/faq.php?id={n}">{n}</a>' for n in range(70))
    site.page("/", page(links, title="Help"))
    for n in range(70):
        site.page(f"/faq.php?id={n}", faq(f"Is {n} good?"))
    run = Run(config(site, "/", follow=True))
    assert len(run.rows) == 50
    assert run.source.complete is False
    assert [warning for warning in run.source.warnings if f"{site.url}/faq.php" in warning]


def test_sitemap(site: Site) -> None:
    urls = "".join(f"<url><loc>{site.url}/{n}.html</loc></url>" for n in ("a", "b", "missing"))
    site.replies["/sitemap.xml"] = Reply(f"<urlset>{urls}</urlset>".encode(), headers={"Content-Type": "text/xml"})
    site.page("/a.html", faq("Is a good?"))
    site.page("/b.html", faq("Is b good?"))
    run = Run(config(site, sitemap=f"{site.url}/sitemap.xml"))
    assert sorted(row.question for row in run.rows) == ["Is a good?", "Is b good?"]
    assert run.status(site) == {"/a.html": "changed", "/b.html": "changed", "/missing.html": "failed"}


def test_unchanged_pages_cost_one_conditional_request(site: Site) -> None:
    site.page("/faq/", page('<a href="a.html">a</a><a href="b.html">b</a>', title="FAQ"), etag='"i"')
    site.page("/faq/a.html", faq("Is a good?"), etag='"a"')
    site.page("/faq/b.html", faq("Is b good?"))
    first = Run(config(site, "/faq/", follow=True))
    assert set(first.status(site).values()) == {"changed"}
    site.requests.clear()
    second = Run(config(site, "/faq/", follow=True), first)
    assert second.status(site) == {"/faq/": "unchanged", "/faq/a.html": "unchanged", "/faq/b.html": "unchanged"}
    assert second.rows == []
    assert second.landing.landed == {}
    assert sorted(path for path, _ in site.requests) == ["/faq/", "/faq/a.html", "/faq/b.html", "/robots.txt"]
    assert dict(site.requests)["/faq/a.html"]["if-none-match"] == '"a"'
    third = Run(config(site, "/faq/", follow=True), second)
    assert third.status(site) == second.status(site)


def test_changed_new_and_vanished_pages(site: Site) -> None:
    index = '<a href="a.html">a</a><a href="b.html">b</a>'
    site.page("/faq/", page(index, title="FAQ"))
    site.page("/faq/a.html", faq("Is a good?"))
    site.page("/faq/b.html", faq("Is b good?"))
    first = Run(config(site, "/faq/", follow=True))
    site.page("/faq/", page(index + '<a href="c.html">c</a>', title="FAQ"))
    site.page("/faq/a.html", faq("Is a still good?"))
    site.page("/faq/c.html", faq("Is c good?"))
    del site.replies["/faq/b.html"]
    second = Run(config(site, "/faq/", follow=True), first)
    assert second.status(site) == {
        "/faq/": "changed",
        "/faq/a.html": "changed",
        "/faq/b.html": "gone",
        "/faq/c.html": "changed",
    }
    assert sorted(row.question for row in second.rows) == ["Is a still good?", "Is c good?"]
    assert second.source.complete


def test_a_page_that_is_no_longer_linked_is_still_looked_at(site: Site) -> None:
    site.page("/faq/", page('<a href="a.html">a</a>', title="FAQ"))
    site.page("/faq/a.html", faq("Is a good?"))
    first = Run(config(site, "/faq/", follow=True))
    site.page("/faq/", page("nothing", title="FAQ"))
    assert Run(config(site, "/faq/", follow=True), first).status(site)["/faq/a.html"] == "unchanged"


def test_failures_keep_the_earlier_rows_and_say_why(site: Site) -> None:
    site.page("/a", faq("Is a good?"))
    site.page("/b", faq("Is b good?"))
    first = Run(config(site, "/a", "/b"))
    site.replies["/a"] = Reply(b"", 500)
    second = Run(config(site, "/a", "/b"), first)
    assert second.status(site) == {"/a": "failed", "/b": "unchanged"}
    assert second.reasons(site) == {"/a": ["status 500"]}
    site.replies["/robots.txt"] = Reply(b"", 503)
    third = Run(config(site, "/a", "/b"), first)
    assert third.reasons(site) == {"/a": ["robots.txt unreachable"], "/b": ["robots.txt unreachable"]}
    assert site.asked("/b") == 2


def test_a_failing_index_does_not_retire_its_pages(site: Site) -> None:
    site.page("/faq/", page('<a href="a.html">a</a>', title="FAQ"))
    site.page("/faq/a.html", faq("Is a good?"))
    first = Run(config(site, "/faq/", follow=True))
    site.replies["/faq/"] = Reply(b"", 502)
    assert Run(config(site, "/faq/", follow=True), first).status(site) == {
        "/faq/": "failed",
        "/faq/a.html": "unchanged",
    }


def test_duplicates_by_content(site: Site) -> None:
    for lang in ("en", "es", "ja"):
        site.page(
            f"/{lang}/faq.html", faq("Is it free?", "Is it fast?") + f"<!-- served for {lang} -->", etag=f'"{lang}"'
        )
    paths = ("/en/faq.html", "/es/faq.html", "/ja/faq.html")
    first = Run(config(site, *paths))
    assert len(first.rows) == 2
    assert first.reasons(site) == {"/es/faq.html": ["duplicate"], "/ja/faq.html": ["duplicate"]}
    assert "en/faq.html" in str(first.documents[1].set_aside[0].detail)
    second = Run(config(site, *paths), first)
    assert set(second.status(site).values()) == {"unchanged"}
    del site.replies["/en/faq.html"]
    third = Run(config(site, *paths), second)
    assert third.status(site) == {"/en/faq.html": "gone", "/es/faq.html": "changed", "/ja/faq.html": "unchanged"}
    assert [row.document_id.removeprefix(site.url) for row in third.rows] == ["/es/faq.html"] * 2


def test_canonical_urls(site: Site) -> None:
    def with_canonical(target: str, markup: str) -> str:
        return markup.replace("</title>", f'</title><link rel="canonical" href="{target}">')

    site.page("/faq?page=1", with_canonical("/faq", faq("Is it free?")))
    site.page("/faq?page=2", with_canonical("/faq", faq("Is it fast?")))
    site.page("/other", with_canonical("https://elsewhere.example/", faq("Is it other?")))
    site.page("/wrong", with_canonical("/", faq("Is it wrong?")))
    run = Run(config(site, "/faq?page=1", "/faq?page=2", "/other", "/wrong"))
    assert list(run.status(site)) == ["/faq", "/faq?page=2", "/other", "/wrong"]
    assert len(run.rows) == 4
    again = Run(config(site, "/faq?page=1", "/faq?page=2", "/other", "/wrong"), run)
    assert set(again.status(site).values()) == {"unchanged"}


def test_robots_are_honoured(site: Site) -> None:
    site.replies["/robots.txt"] = Reply(
        b"User-agent: tester\nDisallow: /private\n", headers={"Content-Type": "text/plain"}
    )
    site.page("/", page('<a href="/private/faq">p</a><a href="/open">o</a>', title="FAQ"))
    site.page("/open", faq("Is it open?"))
    site.page("/private/faq", faq("Is it private?"))
    run = Run(config(site, "/", follow=True))
    assert [row.question for row in run.rows] == ["Is it open?"]
    assert site.asked("/private/faq") == 0
    with pytest.raises(SourceError, match=r"forbidden by robots\.txt"):
        Run(config(site, "/private/faq"))


def test_private_addresses_need_a_setting(site: Site) -> None:
    site.page("/faq", faq("Is it free?"))
    with pytest.raises(SourceError, match=r"private network.*allow_private = true"):
        Run(config(site, "/faq", allow_private=False))
    assert site.requests == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://no-such-host.invalid/", "host name"),
        ("ftp://x.example/", "only http"),
        ("http://127.0.0.1:1/", "refused"),
        ("", "only http"),
    ],
)
def test_nothing_to_read_is_one_clear_error(url: str, words: str) -> None:
    settings = WebSourceSettings(kind="web", name="shop", urls=[url], allow_private=True)
    with pytest.raises(SourceError, match=words) as caught:
        Run(settings)
    assert len(str(caught.value).splitlines()) == 1


def test_configured_selector(site: Site) -> None:
    section = '<div class="faq-section"><h2>{q}</h2><p>One.</p><ul><li>two</li></ul></div>'
    site.page("/x", page(section.format(q="Is it free?") + section.format(q="Terms"), title="Shop"))
    chosen = SelectorSettings(container=".faq-section", question="h2", answer="p")
    rows = Run(config(site, "/x", selector=chosen)).rows
    assert [(row.question, row.answer) for row in rows] == [
        ("Is it free?", "One.\n\n- two"),
        ("Terms", "One.\n\n- two"),
    ]


def test_rejected_pairs_and_other_pages_are_set_aside(site: Site) -> None:
    site.page("/a", page("<h2>Is it free?</h2><p>Yes.</p><h2>Is it new?</h2><h2>Is it big?</h2><p>No.</p>"))
    site.page("/b", page("<p>About us.</p>", title="About"))
    run = Run(config(site, "/a", "/b"))
    asides = [aside for document in run.documents for aside in document.set_aside]
    assert [(aside.question, aside.reason[:19]) for aside in asides] == [
        ("Is it new?", "the answer is empty"),
        (None, "not a FAQ"),
    ]
    assert all(aside.stage == "collect" and aside.data_source == "shop" for aside in asides)
    assert "asks and answers" in str(asides[1].detail)


def test_licence_from_the_page_when_none_is_configured(site: Site) -> None:
    site.page(
        "/faq",
        faq("Is it free?", extra='<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">CC</a>'),
    )
    assert Run(config(site, "/faq", licence="NOASSERTION")).rows[0].licence == "CC-BY-SA-4.0"
    assert Run(config(site, "/faq", licence="MIT")).rows[0].licence == "MIT"
    assert spdx(["https://www.apache.org/licenses/LICENSE-2.0", "x"]) == "Apache-2.0"
    assert spdx(["http://creativecommons.org/publicdomain/zero/1.0/"]) == "CC0-1.0"
    assert spdx(["https://x.example/terms"]) is None


def test_order_and_ids_do_not_depend_on_timing(site: Site) -> None:
    def slow(text: str, wait: float) -> Any:
        body = faq(text).encode()

        def reply(handler: Any) -> None:
            time.sleep(wait)
            handler.wfile.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )

        return Reply(reply)

    for n, wait in enumerate((0.2, 0.0, 0.1, 0.0)):
        site.replies[f"/{n}"] = slow(f"Is {n} good?", wait)
    run = Run(config(site, "/0", "/1", "/2", "/3", concurrency=4))
    assert [row.question[3] for row in run.rows] == ["0", "1", "2", "3"]


def test_structured_data_that_cannot_be_read_is_named(site: Site) -> None:
    broken = (
        '<script type="application/ld+json">{"@type": "FAQPage", "mainEntity": [{"@type": "Question" "name"</script>'
    )
    for name in ("a", "b"):
        site.page(f"/{name}", page(f"{broken}<p>Lamps.</p>", title=f"Lamps {name}"))
    run = Run(config(site, "/a", "/b"))
    [warning] = [text for text in run.source.warnings if "JSON-LD" in text]
    assert f"{site.url}/a and 1 more" in warning


def test_clean_urls_land_in_a_lake_of_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts without a port and paths without endings: a page may stand where others have their folder."""
    pages = {"/": "/faq/orders", "/faq/orders": "/faq", "/faq": "/faq/", "/faq/": "/faq/orders/late?x=1"}
    pages |= {"/faq/orders/late?x=1": "/faq/orders/late?x=2", "/faq/orders/late?x=2": "/"}

    def answer(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        if target not in pages:
            return httpx.Response(404)
        markup = faq(f"Is {target} free?", f"Is {target} new?", extra=f'<a href="{pages[target]}">next</a>')
        return httpx.Response(200, html=markup)

    monkeypatch.setattr(fetch, "PinnedTransport", lambda **_: httpx.MockTransport(answer))
    settings = WebSourceSettings(kind="web", name="shop", urls=["https://shop.example/"], follow=True, max_depth=9)
    landing = LakeLanding(lake, "shop", "r1")
    documents = list(WebSource(settings).documents(SourceState(now=NOW), landing))
    assert {document.status for document in documents} == {"changed"}
    assert len(documents) == len(pages)
    landed = [found.uri for found in lake.objects(landing.prefix) if found.uri.endswith(".html")]
    assert len(landed) == len(pages)
    assert b"Is /faq/orders free?" in b"".join(lake.read(uri) for uri in landed)


def sitemap_of(*urls: str, kind: str = "url") -> Reply:
    root = "urlset" if kind == "url" else "sitemapindex"
    entries = "".join(f"<{kind}><loc>{url}</loc></{kind}>" for url in urls)
    return Reply(f"<{root}>{entries}</{root}>".encode(), headers={"Content-Type": "text/xml"})


SITEMAP_FAULTS = {
    "an error": Reply(b"busy", 503),
    "a challenge page": Reply(b"<html><body><p>Are you a robot?</p></body></html>"),
    "no entries": sitemap_of(),
    "entries of another site": sitemap_of("https://staging.example/b"),
}


@pytest.mark.parametrize("fault", SITEMAP_FAULTS)
@pytest.mark.parametrize("place", ["/main.xml", "/part.xml"])
def test_a_sitemap_that_names_less_than_before_retires_nothing(site: Site, fault: str, place: str) -> None:
    site.replies["/main.xml"] = sitemap_of(f"{site.url}/one.xml", f"{site.url}/part.xml", kind="sitemap")
    site.replies["/one.xml"] = sitemap_of(f"{site.url}/a")
    site.replies["/part.xml"] = sitemap_of(f"{site.url}/b", f"{site.url}/c")
    for name in "abc":
        site.page(f"/{name}", faq(f"Is {name} good?", f"Is {name} new?"))
    settings = config(site, sitemap=f"{site.url}/main.xml")
    first = Run(settings)
    assert first.source.complete
    assert not first.source.warnings
    site.replies[place] = SITEMAP_FAULTS[fault]
    del site.replies["/c"]
    second = Run(settings, first)
    assert not second.source.complete
    assert any(place in warning for warning in second.source.warnings)
    # what is known is asked for itself, so that a page that is gone goes all the same
    assert second.status(site) == {"/a": "unchanged", "/b": "unchanged", "/c": "gone"}


def test_a_sitemap_may_lead_to_another_host(site: Site) -> None:
    other = Site()
    try:
        site.replies["/sitemap.xml"] = Reply(status=301, headers={"Location": f"{other.url}/sitemap.xml"})
        other.replies["/sitemap.xml"] = sitemap_of(f"{other.url}/a")
        other.page("/a", faq("Is a good?", "Is a new?"))
        run = Run(config(site, sitemap=f"{site.url}/sitemap.xml"))
        assert run.status(other) == {"/a": "changed"}
        assert run.source.complete
    finally:
        other.close()


def days(lake: Lake, *settings: WebSourceSettings) -> Iterator[list[str]]:
    """Collect into the lake once a day and give the questions that it then holds."""
    for day, given in enumerate(settings):
        yield sorted(row["question"] for row in rows_of(lake, collect(lake, given, f"day-{day}")))


def test_a_redirected_page_keeps_its_rows_however_often_it_fails(site: Site, lake: Lake) -> None:
    site.replies["/old-faq"] = Reply(status=301, headers={"Location": "/faq"})
    site.page("/faq", faq("Is it good?"))
    site.page("/b", faq("Is b good?"))
    daily = days(lake, *[config(site, "/old-faq", "/b")] * 3, *[config(site, "/old-faq", "/b", licence="MIT")] * 4)
    both = ["Is b good?", "Is it good?"]
    assert next(daily) == both
    site.replies["/old-faq"] = Reply(b"", 503)
    assert [next(daily) for _ in range(5)] == [both] * 5  # with other settings since the fourth day
    site.replies["/old-faq"] = Reply(b"", 410)
    assert next(daily) == ["Is b good?"]


def test_a_failing_index_after_a_change_of_settings_retires_nothing(site: Site, lake: Lake) -> None:
    site.page("/faq/", page('<a href="a.html">a</a>', title="FAQ"))
    site.page("/faq/a.html", faq("Is a good?"))
    site.page("/b", faq("Is b good?"))
    changed = config(site, "/faq/", "/b", follow=True, max_depth=1, licence="MIT")
    daily = days(lake, config(site, "/faq/", "/b", follow=True, max_depth=1), changed, changed, changed)
    both = ["Is a good?", "Is b good?"]
    assert next(daily) == both
    site.replies["/faq/"] = Reply(b"", 503)
    assert next(daily) == both
    assert next(daily) == both
    del site.replies["/faq/a.html"]
    assert next(daily) == ["Is b good?"]


def named(markup: str, target: str) -> str:
    return markup.replace("</title>", f'</title><link rel="canonical" href="{target}">')


def test_pages_that_go_by_the_address_of_another_page_lose_nothing(site: Site, lake: Lake) -> None:
    site.page("/faq/orders", named(faq("Where is my order?"), "/faq"), etag='"o1"')
    site.page("/faq", named(faq("Is it free?"), "/faq"), etag='"f1"')
    daily = days(lake, *[config(site, "/faq/orders", "/faq")] * 5)
    both = ["Is it free?", "Where is my order?"]
    assert [next(daily), next(daily)] == [both, both]
    site.page("/faq", named(faq("Is it new?"), "/faq"), etag='"f2"')
    assert next(daily) == ["Is it new?", "Where is my order?"]
    site.page("/faq/orders", faq("Where is my order?", "Can I cancel?"), etag='"o2"')
    assert next(daily) == ["Can I cancel?", "Is it new?", "Where is my order?"]
    site.replies["/faq/orders"] = Reply(b"", 503)
    assert next(daily) == ["Can I cancel?", "Is it new?", "Where is my order?"]


def test_an_unchanged_page_whose_id_another_page_took_is_read_again(site: Site) -> None:
    site.page("/b", faq("Is b good?"), etag='"b"')
    site.page("/a", named(faq("Is a good?"), "/faq"), etag='"a"')
    first = Run(config(site, "/b", "/a"))
    assert first.status(site) == {"/b": "changed", "/faq": "changed"}
    site.page("/b", named(faq("Is b good?", "Is b new?"), "/faq"), etag='"b2"')
    second = Run(config(site, "/b", "/a"), first)
    assert sorted(row.question for row in second.rows) == ["Is a good?", "Is b good?", "Is b new?"]


def test_a_failing_page_still_has_its_repetitions(site: Site, lake: Lake) -> None:
    for name in "ab":
        site.page(f"/{name}", faq("Is it free?", "Is it fast?") + f"<!-- {name} -->", etag=f'"{name}"')
    daily = days(lake, *[config(site, "/a", "/b")] * 5)
    rows = ["Is it fast?", "Is it free?"]
    assert next(daily) == rows
    kept = site.replies["/a"]
    site.replies["/a"] = Reply(b"", 503)
    assert [next(daily), next(daily)] == [rows, rows]
    site.replies["/a"] = kept
    assert next(daily) == rows
    del site.replies["/a"]
    assert next(daily) == rows
