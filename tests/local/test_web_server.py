from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.local import web_server


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    server = web_server.make_server(0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}", trust_env=False) as client:
        yield client
    server.shutdown()
    server.server_close()


def test_a_page_is_given_once_and_then_confirmed(site: httpx.Client) -> None:
    page = site.get("/sqlite-faq/faq.html")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    again = site.get("/sqlite-faq/faq.html", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = site.get("/sqlite-faq/faq.html", headers={"If-Modified-Since": page.headers["last-modified"]})
    assert since.status_code == 304


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"},
        {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"If-Modified-Since": "no date"},
    ],
)
def test_other_validators_get_the_page(site: httpx.Client, headers: dict[str, str]) -> None:
    assert site.get("/sqlite-faq/faq.html", headers=headers).status_code == 200


def test_robots_and_sitemap_name_this_host(site: httpx.Client) -> None:
    assert f"Sitemap: {site.base_url}/sitemap.xml".replace("//s", "/s") in site.get("/robots.txt").text
    sitemap = site.get("/sitemap.xml").text
    assert f"{str(site.base_url).rstrip('/')}/python-faq/faq/general.html" in sitemap
    assert sitemap.count("<loc>") > 15


def test_folders(site: httpx.Client) -> None:
    assert site.get("/python-faq/faq").headers["location"] == "/python-faq/faq/"
    assert site.get("/python-faq/faq/").status_code == 200
    assert 'href="sqlite-faq/"' in site.get("/").text


@pytest.mark.parametrize(
    "path", ["/../web_server.py", "/%2e%2e/tickets.json", "/no/such/page", "/..%2f..%2fweb_server.py", "/%00"]
)
def test_nothing_outside_is_served(site: httpx.Client, path: str) -> None:
    assert site.get(path).status_code == 404


def test_every_sample_site_has_its_licence() -> None:
    samples = Path(web_server.SITES).parent
    named = (samples / "LICENCES.md").read_text()
    for folder in web_server.SITES.iterdir():
        if folder.is_dir():
            assert f"sites/{folder.name}`" in named
            assert list(folder.glob("*[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*")), folder


def test_head_has_no_body(site: httpx.Client) -> None:
    answer = site.head("/sqlite-faq/faq.html")
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 10_000
