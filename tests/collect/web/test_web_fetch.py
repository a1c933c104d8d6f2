# ruff: noqa: E501 (URLs and markup stay in one line)
"""Fetching: politeness, limits, redirects, addresses, and robots.txt, against a real server on the loopback."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import socket
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpcore
import httpx
import pytest
from web_support import QUICK, Reply, Site

from pipeline.collect.web.decompress import BadEncoding, TooLarge, gunzip, read_limited
from pipeline.collect.web.fetch import Fetcher, FetchError, Limits
from pipeline.collect.web.gate import HostGate, TooSlow
from pipeline.collect.web.robots import Robots, tame
from pipeline.collect.web.sitemap import BadSitemap, parse, read_all
from pipeline.collect.web.urls import BadUrl, canonical, folder_of, may_be_page

AGENT = "tester/1.0 (+mailto:ops@example.com)"


def reason(fetcher: Fetcher, url: str, **more: Any) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.get(url, **more)
    assert str(caught.value)
    return caught.value.reason


def test_plain_page_with_the_named_agent(site: Site, fetcher: Fetcher) -> None:
    site.page("/a", "<p>hello</p>", etag='"1"', headers={"Set-Cookie": "id=secret"})
    answer = fetcher.get(f"{site.url}/a")
    assert (answer.status, answer.body, answer.url) == (200, b"<p>hello</p>", f"{site.url}/a")
    assert "set-cookie" not in answer.headers
    sent = site.requests[0][1]
    assert sent["user-agent"] == AGENT
    assert sent["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in sent


def test_conditional_get(site: Site, fetcher: Fetcher) -> None:
    site.page("/a", "<p>x</p>", etag='"v1"')
    assert fetcher.get(f"{site.url}/a", etag='"v1"').status == 304
    assert fetcher.get(f"{site.url}/a", etag='"v0"').status == 200
    fetcher.get(f"{site.url}/a", last_modified="Mon, 01 Jan 2026 00:00:00 GMT")
    assert site.requests[-1][1]["if-modified-since"] == "Mon, 01 Jan 2026 00:00:00 GMT"
    fetcher.get(f"{site.url}/a", etag='"x"\r\nEvil: 1')
    assert "evil" not in site.requests[-1][1]


def test_redirects_are_followed_and_counted(site: Site, fetcher: Fetcher) -> None:
    site.replies["/a"] = Reply(b"", 301, {"Location": "/b?utm_source=x#part"})
    site.page("/b", "<p>end</p>")
    answer = fetcher.get(f"{site.url}/a")
    assert (answer.url, answer.redirects) == (f"{site.url}/b", [f"{site.url}/a"])
    for n in range(9):
        site.replies[f"/r{n}"] = Reply(b"", 302, {"Location": f"/r{n + 1}"})
    assert reason(fetcher, f"{site.url}/r0") == "too many redirects"
    site.replies["/loop"] = Reply(b"", 302, {"Location": "/loop2"})
    site.replies["/loop2"] = Reply(b"", 302, {"Location": "/loop"})
    assert reason(fetcher, f"{site.url}/loop") == "redirect loop"
    for target in ("file:///etc/passwd", "javascript:alert(1)", "http://", "ftp://x.example/", "http://[::1"):
        site.replies["/bad"] = Reply(b"", 302, {"Location": target})
        assert reason(fetcher, f"{site.url}/bad") in ("bad redirect", "redirect loop")


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]:80/", "http://[::ffff:127.0.0.1]/",
     "http://0.0.0.0/", "http://192.168.1.1/", "http://[fd00::1]/", "http://[fe80::1]/", "http://2130706433/", "http://localhost/"],
)  # fmt: skip
def test_private_addresses_are_refused_before_any_connection(target: str) -> None:
    with Fetcher(AGENT, limits=QUICK) as careful:
        assert reason(careful, target) in ("address not allowed", "host not found")


def test_redirect_to_a_private_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first host counts as public here; the hop to the metadata service must still be refused."""
    real = socket.getaddrinfo

    def answers(host: str, port: int, **more: Any) -> Any:
        if host == "public.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]
        return real(host, port, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answers)

    class Stub(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            assert request.url.host == "93.184.216.34"
            return httpx.Response(
                302, headers={"Location": "http://169.254.169.254/latest"}, stream=httpx.ByteStream(b"")
            )

    from pipeline.collect.addresses import PinnedTransport

    with Fetcher(AGENT, limits=QUICK, transport=PinnedTransport(inner=Stub())) as careful:
        assert reason(careful, "http://public.example/") == "address not allowed"


def test_only_pages_are_read(site: Site, fetcher: Fetcher) -> None:
    for kind in ("application/pdf", "image/png", "application/octet-stream", "text/plain"):
        site.replies["/x"] = Reply(b"%PDF-1.7", headers={"Content-Type": kind})
        assert reason(fetcher, f"{site.url}/x") == "not a page"
    site.replies["/x"] = Reply(b"<p>x</p>", headers={"Content-Type": ""})
    assert fetcher.get(f"{site.url}/x").body == b"<p>x</p>"


def test_too_large_announced_and_not(site: Site) -> None:
    with Fetcher(
        AGENT, allow_private=True, limits=Limits(body_bytes=1000, attempts=1), requests_per_second=1e3
    ) as small:
        site.replies["/a"] = Reply(b"x" * 1001)
        assert reason(small, f"{site.url}/a") == "too large"

        def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            for _ in range(10_000):
                handler.wfile.write(b"<p>more</p>" * 100)

        site.replies["/b"] = Reply(endless)
        assert reason(small, f"{site.url}/b") == "too large"


def test_compression_and_bombs(site: Site, fetcher: Fetcher) -> None:
    site.replies["/gz"] = Reply(gzip.compress(b"<p>x</p>"), headers={"Content-Encoding": "gzip"})
    assert fetcher.get(f"{site.url}/gz").body == b"<p>x</p>"
    site.replies["/zl"] = Reply(zlib.compress(b"<p>y</p>"), headers={"Content-Encoding": "deflate"})
    assert fetcher.get(f"{site.url}/zl").body == b"<p>y</p>"
    bomb = gzip.compress(b"\0" * 100_000_000, 9)
    assert len(bomb) < 150_000
    site.replies["/bomb"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    assert reason(fetcher, f"{site.url}/bomb") == "too large"
    site.replies["/br"] = Reply(b"\x1b\x07", headers={"Content-Encoding": "br"})
    assert reason(fetcher, f"{site.url}/br") == "bad content encoding"
    site.replies["/twice"] = Reply(gzip.compress(gzip.compress(b"x")), headers={"Content-Encoding": "gzip, gzip"})
    assert reason(fetcher, f"{site.url}/twice") == "bad content encoding"
    site.replies["/torn"] = Reply(gzip.compress(b"<p>x</p>" * 1000)[:-20], headers={"Content-Encoding": "gzip"})
    assert reason(fetcher, f"{site.url}/torn") == "bad content encoding"
    site.replies["/lie"] = Reply(b"<p>plain</p>", headers={"Content-Encoding": "gzip"})
    assert reason(fetcher, f"{site.url}/lie") == "bad content encoding"


def test_decompression_in_steps() -> None:
    data = gzip.compress(b"a" * 5000) + gzip.compress(b"b" * 10)
    assert read_limited([data[i : i + 7] for i in range(0, len(data), 7)], "gzip", 10_000) == b"a" * 5000 + b"b" * 10
    raw = zlib.compressobj(wbits=-15)
    assert read_limited([raw.compress(b"hello") + raw.flush()], "deflate", 100) == b"hello"
    with pytest.raises(TooLarge):
        gunzip(data, 4999)
    with pytest.raises(BadEncoding):
        gunzip(b"\x1f\x8b\x08\x00garbage-garbage", 100)
    with pytest.raises(TooLarge):
        read_limited([b"x" * 60, b"x" * 60], "", 100)


def slow_body(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def slow_headers(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(100):
        handler.wfile.write(f"X-{n}: y\r\n".encode())
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize("drip", [slow_body, slow_headers])
def test_a_slow_drip_ends_at_the_deadline(site: Site, drip: Any) -> None:
    site.replies["/slow"] = Reply(drip)
    limits = Limits(seconds=0.6, read_seconds=0.5, attempts=1)
    with Fetcher(AGENT, allow_private=True, limits=limits, requests_per_second=1e3) as hasty:
        start = time.monotonic()
        assert reason(hasty, f"{site.url}/slow") == "time-out"
        assert time.monotonic() - start < 5  # the drip goes on for ten


def test_broken_servers(site: Site, fetcher: Fetcher) -> None:
    def nothing(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.connection.close()

    def nonsense(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"I am no HTTP server\r\n\r\n")

    def short(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<p>cut")

    def huge_header(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n")

    for broken in (nothing, nonsense, short, huge_header):
        site.replies["/x"] = Reply(broken)
        assert reason(fetcher, f"{site.url}/x") == "connection failed"
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    assert reason(fetcher, f"http://127.0.0.1:{free.getsockname()[1]}/") == "connection failed"
    free.close()
    for url in (
        "ftp://x.example/",
        "http://",
        "not a url",
        "http://a b.example/",
        "http://x.example:99999/",
        "http://x/" + "a" * 3000,
    ):
        assert reason(fetcher, url) == "not a URL"


def test_passing_faults_are_tried_again_and_lasting_ones_are_not(site: Site, fetcher: Fetcher) -> None:
    site.replies["/a"] = [Reply(b"", 503), Reply(b"<p>up</p>")]
    assert fetcher.get(f"{site.url}/a").body == b"<p>up</p>"
    for status, asked in ((500, 2), (429, 2), (404, 1), (403, 1), (401, 1), (410, 1), (204, 1)):
        site.requests.clear()
        site.replies["/b"] = Reply(b"", status)
        assert reason(fetcher, f"{site.url}/b") == ("gone" if status in (404, 410) else f"status {status}")
        assert site.asked("/b") == asked


@pytest.mark.parametrize("form", ["0.2", "date", "nonsense", ""])
def test_retry_after_in_every_form(site: Site, fetcher: Fetcher, form: str) -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True) if form == "date" else form
    site.replies["/a"] = [Reply(b"", 429, {"Retry-After": value}), Reply(b"<p>up</p>")]
    start = time.monotonic()
    assert fetcher.get(f"{site.url}/a").status == 200
    assert time.monotonic() - start < 10
    if form == "0.2":
        assert time.monotonic() - start >= 0.2


def test_a_long_retry_after_is_respected_by_giving_up(site: Site, fetcher: Fetcher) -> None:
    site.replies["/a"] = [Reply(b"", 503, {"Retry-After": "86400"}), Reply(b"<p>up</p>")]
    start = time.monotonic()
    with pytest.raises(FetchError, match="asks to wait 86400 s"):
        fetcher.get(f"{site.url}/a")
    assert time.monotonic() - start < 60
    assert site.asked("/a") == 1


def test_rate_and_concurrency_per_host(site: Site) -> None:
    running: list[int] = []
    most: list[int] = []

    def busy(handler: http.server.BaseHTTPRequestHandler) -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx")

    for n in range(8):
        site.replies[f"/{n}"] = Reply(busy)
    with Fetcher(AGENT, allow_private=True, requests_per_second=40, concurrency=2, limits=QUICK) as polite:
        start = time.monotonic()
        threads = [threading.Thread(target=polite.get, args=(f"{site.url}/{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start >= 7 / 40
    assert max(most) <= 2


def test_gate_gives_up_on_absurd_delays() -> None:
    gate = HostGate(rate=10, concurrency=1, max_wait=1.0)
    gate.slow_down(3600)
    with gate.turn():
        pass
    with pytest.raises(TooSlow), gate.turn():
        pass


ROBOTS = """\ufeffUser-agent: *
Disallow: /private
Allow: /private/open$
Disallow: /*.cgi$
Crawl-delay: 0.25

User-agent: tester
User-agent: other
Disallow: /testers
Disallow: /private
Allow: /private/open$
Disallow: /*.cgi$
Crawl-delay: 0.05
Sitemap: https://x.example/sitemap.xml
"""


def test_robots_rules(site: Site, fetcher: Fetcher) -> None:
    site.replies["/robots.txt"] = Reply(ROBOTS.encode(), headers={"Content-Type": "text/plain"})
    robots = Robots(fetcher)
    for path in ("/", "/private/open", "/x.cgi?y", "/test"):
        robots.check(site.url + path)
    for path in ("/private", "/private/closed", "/private/open/x", "/x.cgi", "/testers"):
        with pytest.raises(FetchError, match=r"forbidden by robots\.txt"):
            robots.check(site.url + path)
    assert robots.rules(site.url).delay == 0.05
    assert robots.rules(site.url).sitemaps == ["https://x.example/sitemap.xml"]
    assert site.asked("/robots.txt") == 1


@pytest.mark.parametrize("status", [404, 401, 403, 410, 400, 451, 204, 205])
def test_no_robots_file_means_allowed(site: Site, fetcher: Fetcher, status: int) -> None:
    site.replies["/robots.txt"] = Reply(b"", status)
    Robots(fetcher).check(f"{site.url}/any")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_unreachable_robots_means_no_crawl(site: Site, fetcher: Fetcher, status: int) -> None:
    site.replies["/robots.txt"] = Reply(b"", status)
    with pytest.raises(FetchError, match=r"robots\.txt unreachable"):
        Robots(fetcher).check(f"{site.url}/any")


def test_strange_robots_files_forbid_nothing(site: Site, fetcher: Fetcher) -> None:
    for body in (
        b"",
        b"\x00\xff" * 1000,
        b"<html><body>Not found</body></html>",
        b"Disallow: /\n" * 3,
        b"User-agent\nDisallow",
        "User-agent: *\nDisallow: /".encode("utf-16"),
        b"User-agent: *\nDisallow:\n" + b"# filler\n" * 100_000 + b"Disallow: /\n",
        *(
            b"User-agent: *\nCrawl-delay: %s\n" % text
            for text in (b"nan", b"inf", b"1e999", b"-5", b"soon", b"", b"1e", b"1,5")
        ),
        *(b"User-agent: *\nRequest-rate: %s\n" % text for text in (b"1/0", b"0/1", b"x/y", b"1/1s 25:99", b"/")),
        b"User-agent: *\nVisit-time: 9999-x\n",
    ):
        site.replies["/robots.txt"] = Reply(body, headers={"Content-Type": "text/plain"})
        Robots(fetcher).check(f"{site.url}/any")


@pytest.mark.parametrize("delay", ["1e9", "99999999999999999999"])
def test_an_absurd_crawl_delay_is_no_wait_but_a_reason(site: Site, fetcher: Fetcher, delay: str) -> None:
    site.replies["/robots.txt"] = Reply(
        f"User-agent: *\nCrawl-delay: {delay}\n".encode(), headers={"Content-Type": "text/plain"}
    )
    site.page("/a", "<p>x</p>")
    robots = Robots(fetcher)
    start = time.monotonic()
    robots.check(f"{site.url}/a")
    fetcher.get(f"{site.url}/a")
    assert reason(fetcher, f"{site.url}/a") == "crawl delay too long"
    assert time.monotonic() - start < 5


def test_robots_patterns_cannot_hang_the_matcher(site: Site, fetcher: Fetcher) -> None:
    evil = "User-agent: *\nDisallow: /" + "*a" * 60 + "*b$\nAllow: /" + "*a" * 60 + "*c$\n"
    assert "Allow:" not in tame(evil).replace("Disallow:", "")
    site.replies["/robots.txt"] = Reply(evil.encode(), headers={"Content-Type": "text/plain"})
    start = time.thread_time()
    robots = Robots(fetcher)
    for _ in range(3):
        with contextlib.suppress(FetchError):
            robots.check(site.url + "/" + "a" * 1500)
    assert time.thread_time() - start < 10


URLSET = '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
INDEX = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>'
XML = {"Content-Type": "application/xml"}


def test_sitemaps_index_gzip_and_text(site: Site, fetcher: Fetcher) -> None:
    def locs(kind: str, *urls: str) -> str:
        return "".join(f"<{kind}><loc> {url} </loc><lastmod>2026-01-01</lastmod></{kind}>" for url in urls)

    site.replies["/s.xml"] = Reply(
        INDEX.format(
            locs("sitemap", f"{site.url}/a.xml.gz", f"{site.url}/b.txt", f"{site.url}/gone.xml", f"{site.url}/s.xml")
        ).encode(),
        headers=XML,
    )
    pages = URLSET.format(
        locs(
            "url",
            f"{site.url}/1",
            f"{site.url}/1#x",
            "https://elsewhere.example/2",
            "javascript:x",
            f"{site.url}/3?a=1&amp;b=2",
        )
    )
    site.replies["/a.xml.gz"] = Reply(gzip.compress(pages.encode()), headers={"Content-Type": "application/gzip"})
    site.replies["/b.txt"] = Reply(
        f"{site.url}/4\nnonsense\n{site.url}/1\n".encode(), headers={"Content-Type": "text/plain"}
    )
    warnings: list[str] = []
    found = list(read_all(f"{site.url}/s.xml", fetcher, lambda url: None, warnings.append))
    assert [url.removeprefix(site.url) for url in found] == ["/1", "/3?a=1&b=2", "/4"]
    assert len(warnings) == 1
    assert "gone.xml" in warnings[0]


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'
EXTERNAL = '<!DOCTYPE u SYSTEM "file:///etc/passwd"><urlset><url><loc>http://x.example/</loc></url></urlset>'
ENTITY = '<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>'


@pytest.mark.parametrize(
    "body",
    [b"", b"   ", b"<urlset><url>", LAUGHS.encode(), EXTERNAL.encode(), ENTITY.encode(), LAUGHS.encode("utf-16"), b"<html></html>",
     b"\x1f\x8bbroken", b"no urls here", b"<" * 1000, b"\x00\x01\x02", b"<a>" * 100_000],
)  # fmt: skip
def test_hostile_sitemaps(body: bytes) -> None:
    with pytest.raises(BadSitemap):
        parse(body)


def test_sitemap_bomb() -> None:
    with pytest.raises(BadSitemap, match="more than"):
        parse(gzip.compress(b" " * 60_000_000))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://X.Example:80/a/../b/./c#f", "http://x.example/b/c"),
        ("https://x.example:443", "https://x.example/"),
        ("https://x.example:8443/?utm_source=a&b=1&gclid=2", "https://x.example:8443/?b=1"),
        ("https://x.example/a;jsessionid=123?x", "https://x.example/a?x"),
        ("https://x.example/%7euser/%e4%b8%ad", "https://x.example/~user/%E4%B8%AD"),
        ("https://x.example/中", "https://x.example/%E4%B8%AD"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://x.example//a//b/", "https://x.example/a/b/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ],
)
def test_one_spelling_for_one_page(url: str, expected: str) -> None:
    assert canonical(url) == expected
    assert canonical(canonical(url)) == expected


def test_urls_that_are_no_pages() -> None:
    for url in ("mailto:a@b", "http:///x", "x", "http://x.example:port/", "http://" + "a" * 70 + "\u00fc.example/"):
        with pytest.raises(BadUrl):
            canonical(url)
    assert may_be_page("https://x.example/faq.html")
    assert may_be_page("https://x.example/v1.2/faq")
    assert not may_be_page("https://x.example/a/manual.pdf")
    assert folder_of("https://x.example/a/b.html?c/d") == "https://x.example/a/"


def test_a_connection_serves_one_host_even_where_hosts_share_an_address(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate is checked when a connection begins, so what answers for one name proves nothing of another."""
    real, connect = socket.getaddrinfo, httpcore.SyncBackend.connect_tcp
    connected: list[str] = []

    def resolved(host: Any, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if str(host).endswith(".example") else host, *rest, **more)

    def counted(self: httpcore.SyncBackend, host: str, *rest: Any, **more: Any) -> httpcore.NetworkStream:
        connected.append(host)
        return connect(self, host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", counted)
    site.page("/a", "<p>hello</p>")
    port = site.server.server_port
    with Fetcher(AGENT, allow_private=True, requests_per_second=1e4, limits=QUICK) as fetcher:
        for host in ("a.example", "b.example", "a.example", "xn--bcher-kva.example", "b.example"):
            assert fetcher.get(f"http://{host}:{port}/a").status == 200
    assert connected == ["127.0.0.1"] * 3
    assert [asked["host"] for _, asked in site.requests][:2] == [f"a.example:{port}", f"b.example:{port}"]


def test_a_crawl_delay_is_no_longer_for_pages_that_wait_together() -> None:
    gate = HostGate(rate=100, concurrency=4, max_wait=0.25)
    gate.slow_down(0.2)
    started: list[float] = []

    def go() -> None:
        with gate.turn():
            started.append(time.monotonic())

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 4
    assert max(started) - min(started) >= 0.55
