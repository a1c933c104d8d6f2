from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.collect.landing import MAX_NAME, REMOVED, LakeLanding, safe_name, without_secrets
from pipeline.lake import Lake

BODY = "<p>naïve\r\n\x00</p>".encode("latin-1")


def test_payloads_land_unchanged_with_their_metadata(lake: Lake, tmp_path: Path) -> None:
    landing = LakeLanding(lake, "faq", "r1")
    uri = landing.land("page.html", BODY, {"url": "https://example.com/faq", "status": 200})
    assert uri == lake.uri("raw/faq/r1/page.html")
    assert lake.read(uri) == BODY
    described = json.loads(lake.read(uri + ".meta.json"))
    assert described["url"] == "https://example.com/faq"
    assert described["bytes"] == len(BODY)
    file = tmp_path / "table.csv"
    file.write_bytes(BODY)
    assert lake.read(landing.land_file("year=2026/table.csv", file, {})) == BODY
    assert json.loads(lake.read(lake.uri("raw/faq/r1/year=2026/table.csv.meta.json")))["sha256"] == described["sha256"]


def test_secrets_do_not_land() -> None:
    given = {
        "url": "https://user:pa55@example.com/x?token=t1&page=2&X-Amz-Signature=s",
        "headers": {"Authorization": "Basic abc", "Set-Cookie": "sid=1", "ETag": '"1"'},
        "links": ["https://bob:secret@example.org/"],
        "api_key": "k",
    }
    cleaned = without_secrets(given)
    assert cleaned["headers"] == {"Authorization": REMOVED, "Set-Cookie": REMOVED, "ETag": '"1"'}
    text = json.dumps(cleaned)
    assert "page=2" in text
    assert all(secret not in text for secret in ("pa55", "t1", "Basic abc", "sid=1", "=s", "secret@", '"k"'))


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/../b",
        "",
        "///",
        "..",
        "a b?c=d&e",
        "ü" * 300,
        "x" * 5000,
        "con\x00trol\n",
        "..\\..\\x",
        "a//b",
    ],
)
def test_names_stay_below_the_prefix(name: str, lake: Lake) -> None:
    safe = safe_name(name)
    assert len(safe) <= MAX_NAME
    assert ".." not in safe.split("/")
    assert LakeLanding(lake, "s", "r").land(name, b"x", {}).startswith(lake.uri("raw/s/r/"))


def test_different_names_never_meet() -> None:
    names = ["a?b", "a&b", "a b", "a_b", "x" * 200, "x" * 201]
    assert len({safe_name(name) for name in names}) == len(names)
    assert safe_name("plain/name-1.html") == "plain/name-1.html"
