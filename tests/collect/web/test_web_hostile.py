# ruff: noqa: E501 (markup stays in one line)
"""Hostile and broken pages: each gives rows, or a reason; none gives a traceback, a hang or unsafe HTML.

Hostile servers (bombs, drips, loops, private addresses) are in `test_web_fetch.py`.
"""

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
import time
from collections.abc import Iterator

import pytest
from web_support import extract, page, selector

from pipeline.collect.web.extract import extract_page
from pipeline.collect.web.passages import context_for

Q = "<h2>Is it free?</h2><p>Yes.</p><h2>Is it new?</h2><p>No.</p>"
FAQ = page(Q).encode()


def ld(text: str) -> bytes:
    return page(f'<script type="application/ld+json">{text}</script>').encode()


CYCLE = json.dumps({"@graph": [{"@id": "#a", "@type": "FAQPage", "mainEntity": {"@id": "#a"}}, {"@id": "#b", "@type": "Question", "name": "Is it?", "acceptedAnswer": {"@id": "#b"}}]})  # fmt: skip
MANY = json.dumps({"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": f"Is {n} it?", "acceptedAnswer": {"text": f"<p>{n}</p>"}} for n in range(3000)]})  # fmt: skip
NUMBERS = json.dumps({"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": 5, "acceptedAnswer": {"text": None}}, 7, None, "x", [], {"@type": 3}]})  # fmt: skip

HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "blanks only": b" \n\t ",
    "NUL characters only": b"\0" * 5000,
    "one byte": b"<",
    "a comment only": b"<!-- nothing -->",
    "a comment that never ends": b"<!-- " + FAQ,
    "a doctype only": b"<!DOCTYPE html>",
    "no body": b"<html><head><title>FAQ</title></head></html>",
    "a frameset": b"<html><head><title>FAQ</title></head><frameset><frame src=a></frameset></html>",
    "scripts only": page("<div id=root></div><script>render()</script>").encode(),
    "a picture called HTML": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50,
    "a PDF called HTML": b"%PDF-1.7\n" + FAQ,
    "a zip called HTML": b"PK\x03\x04" + FAQ,
    "gzip that nobody undid": gzip.compress(FAQ),
    "random bytes": random.Random(1).randbytes(100_000),
    "random text of tags": "".join(random.Random(2).choices(["<p>", "</div>", "<h2>", "What? ", "</h2>", "<table>", "<dl><dt>", "<dd>", "<details>", "<summary>", "<b>", "&amp", "&#x110000;", "<!--", "-->", '"', "<a href='"], k=8_000)).encode(),
    "wrong charset declared": page("<h2>Où est-il ?</h2><p>Là, élève.</p><h2>Quand ?</h2><p>Été.</p>").replace("utf-8", "utf-16").encode(),
    "UTF-7 script": b'<meta charset="utf-7">' + Q.encode() + b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "half a UTF-8 character at the end": FAQ + b"\xe2\x82",
    "overlong UTF-8": b"<title>FAQ</title>" + b"\xc0\xbc\xe0\x80\xbcscript\xc0\xbe" + Q.encode(),
    "surrogates as entities": page(Q.replace("Yes", "&#xD800;&#xDFFF;&#0;&#x1F600;Yes")).encode(),
    "nested 100,000 deep": b"<title>FAQ</title>" + Q.encode() + b"<div>" * 100_000 + b"x",
    "nested lists 3,000 deep": page("<h2>Is it free?</h2>" + "<ul><li>a" * 3000 + "</li></ul>" * 3000 + "<h2>Is it new?</h2><p>No.</p>").encode(),
    "nested tables 2,000 deep": page("<h2>Is it free?</h2>" + "<table><tr><td>a" * 2000).encode(),
    "nested inline 5,000 deep": page("<h2>Is it free?</h2><p>" + "<b><i>" * 5000 + "Yes").encode(),
    "a link nested 1,900 deep": page(Q + "<p>" + "<b>" * 1900 + '<a href="b">next</a>').encode(),
    "headings by role at absurd levels": page(
        "".join(f'<div role="heading" aria-level="{n}">Is it {n}?</div><p>Yes.</p>' for n in ("0", "-1", "9" * 400, "x", ""))
    ).encode(),
    "items nested 1,500 deep": page("<div class=i><span>Is it free?</span><div class=b>Yes" * 700).encode(),
    "nested details": page("<details><summary>Is it?</summary>" * 1500 + "yes").encode(),
    "nested quotes of JSON": ld("[" * 100_000),
    "broken JSON-LD": ld('{"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "Is it'),
    "JSON-LD that refers to itself": ld(CYCLE),
    "JSON-LD of wrong types": ld(NUMBERS),
    "JSON-LD of 3,000 questions": ld(MANY),
    "JSON-LD with NaN and huge numbers": ld('{"@type": "Question", "name": "Is it?", "acceptedAnswer": {"text": "x", "upvoteCount": 1e999, "n": NaN}}'),
    "JSON-LD with a script in the answer": ld(json.dumps({"@type": "Question", "name": "Is it?", "acceptedAnswer": {"text": "<img src=x onerror=alert(1)><script>alert(2)</script>ok"}}).replace("</", "<\\/")),
    "30,000 links": page("".join(f'<a href="/p{n}?x={n}">Is it {n}?</a> ' for n in range(30_000))).encode(),
    "20,000 anchors into the page": page("<ul>" + "".join(f'<li><a href="#p{n}">Is it {n}?</a>' for n in range(20_000)) + "</ul>" + Q).encode(),
    "4,000 questions": page("".join(f"<h3>Is {n} good?</h3><p>Answer {n} is a sentence.</p>" for n in range(4000))).encode(),
    "an attribute of a megabyte": b'<title>FAQ</title><p class="' + b"a " * 500_000 + b'">x</p>' + Q.encode(),
    "a word of a megabyte": page(f"<h2>Is it free?</h2><p>{'a' * 1_000_000}</p><h2>Is it new?</h2><p>No.</p>").encode(),
    "a question of a megabyte": page(f"<h2>Is it {'very ' * 200_000} free?</h2><p>Yes.</p>").encode(),
    "question marks only": page("<h2>???</h2><p>?</p><h2>?!</h2><p>!</p><h2>¿?</h2><p>.</p>").encode(),
    "duplicate ids": page('<h2 id="a">Is it free?</h2><p id="a">Yes.</p><h2 id="a">Is it new?</h2><p id="a">No.</p>').encode(),
    "controls that control themselves": page('<button id="a" aria-controls="a">Is it free?</button><button aria-controls="c">Is it new?</button><div id="c"><button aria-controls="c">Is it?</button></div>').encode(),
    "malformed addresses": page('<base href="http://[::1"><h2>Is it free?</h2><p><a href="http://[">x</a><a href="//">y</a><img src="http://[::">Yes</p><h2>Is it new?</h2><p>No <a href="http://a:b@c:99999999/">z</a></p>').encode(),
    "a canonical elsewhere and a base elsewhere": page('<base href="https://evil.example/"><link rel=canonical href="javascript:x">' + Q).encode(),
    "a meta refresh loop": page('<meta http-equiv="refresh" content="0">' + Q).encode(),
    "scripts in every place": page('<h2 onclick="x()">Is it free?<script>a</script></h2><p onmouseover=y()>Yes<script>b</script><svg onload=z()></svg><a href="javascript:q()">l</a><iframe srcdoc="<script>c</script>"></iframe></p><h2>Is it new?</h2><p style="background:url(javascript:w())">No.</p>').encode(),
    "html inside attributes and comments": page('<h2 title="</h2><script>x</script>">Is it free?</h2><!--[if IE]><h2>Is it old?</h2><![endif]--><p>Yes.</p><h2>Is it new?</h2><p>No.</p>').encode(),
    "closing tags only": b"<title>FAQ</title>" + b"</p></div></table></html>" * 2000 + Q.encode(),
    "unclosed everything": b"<title>FAQ</title><body><main><h1>FAQ<h2>Is it free?<p>Yes<p>Really<h2>Is it new?<p>No",
    "two pages in one": FAQ + FAQ,
    "an XML page with a bomb of entities": b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">]><html xmlns="http://www.w3.org/1999/xhtml"><title>FAQ</title><body><p>&c;&d;</p>' + Q.encode() + b"</body></html>",
    "regular expression traps": page("<h2>Is it free?</h2><p>" + "a" * 50_000 + "</p><h2>" + "1." * 400 + " ?</h2><p>" + " " * 100_000 + "x</p><h2>Still " + "have " * 150 + "</h2><p>y</p>").encode(),
    "a table cell of a megabyte": page("<table><tr><td>Menu</td><td>" + "lorem ipsum dolor. " * 55_000 + "</td></tr><tr><td>x</td><td>y</td></tr></table>").encode(),
    "a heading of permalinks": page("<h2>Is it free? " + "#" * 60_000 + "x</h2><p>Yes.</p><h2>Is it new?</h2><p>No.</p>").encode(),
    "blanks in a link": page(Q + "<p><a href=\"#a\">[" + " " * 60_000 + "x]</a></p>").encode(),
    "blanks before bold": page("".join(f"<p>{' ' * 30_000}. <b>Is it {n}?</b> Yes.</p>" for n in range(5))).encode(),
    "markdown in the text": page("<h2>Is it free?</h2><p>```<br>- [x](javascript:1)<br># no</p><h2>Is it new?</h2><pre>``````\n```</pre>").encode(),
    "right to left and invisible": page("<h2>\u202eIs it free?\u202c\u200b</h2><p>\u2066Yes\u2069\ufeff</p><h2>Is it new?</h2><p>No</p>").encode(),
}  # fmt: skip
GOOD = {
    "gzip that nobody undid": 0,
    "half a UTF-8 character at the end": 2,
    "wrong charset declared": 2,
    "nested 100,000 deep": 2,
    "nested lists 3,000 deep": 1,
    "JSON-LD of 3,000 questions": 3000,
    "JSON-LD with a script in the answer": 1,
    "20,000 anchors into the page": 2,
    "4,000 questions": 4000,
    "an attribute of a megabyte": 2,
    "a word of a megabyte": 2,
    "malformed addresses": 2,
    "a meta refresh loop": 2,
    "scripts in every place": 2,
    "unclosed everything": 2,
    "html inside attributes and comments": 2,
    "closing tags only": 2,
    "duplicate ids": 2,
    "an XML page with a bomb of entities": 2,
}


def test_there_are_enough() -> None:
    assert len(HOSTILE) >= 50


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages(name: str) -> None:
    start = time.process_time()
    found = extract_page(HOSTILE[name], "https://x.example/faq/", "text/html")
    contexts = [context_for(found, number) for number in range(min(5, len(found.pairs)))]
    assert time.process_time() - start < 20
    assert found.pairs or found.not_a_faq
    assert (found.not_a_faq is None) == bool(found.pairs)
    assert all(isinstance(context, str) for context in contexts)
    for pair in found.pairs:
        assert pair.question.strip()
        assert pair.answer.strip()
        assert len(pair.question) <= 1000
        for text in (pair.question, pair.answer, pair.answer_html):
            text.encode("utf-8")
            assert "\0" not in text
        lowered = pair.answer_html.lower()
        assert "<script" not in lowered
        assert "javascript:" not in lowered.replace("[x](javascript:1)", "")
        assert " on" not in "".join(part.split(">")[0] for part in lowered.split("<")[1:] if "=" in part)
    assert all(link.startswith(("http://", "https://")) for link in found.links)
    if name in GOOD:
        assert len(found.pairs) == GOOD[name]


def test_excessive_depth_is_reported() -> None:
    assert "nested too deeply" in extract_page(HOSTILE["nested 100,000 deep"], "https://x.example/faq").warnings[0]


def test_entities_are_not_read_from_files() -> None:
    found = extract_page(HOSTILE["an XML page with a bomb of entities"], "https://x.example/faq")
    assert all("root:" not in passage.text for passage in found.passages)


def damaged(body: bytes, seed: int) -> bytes:
    """Cut, repeat and overwrite parts of a page."""
    rng = random.Random(seed)
    data = bytearray(body)
    for _ in range(rng.randint(1, 12)):
        place = rng.randrange(len(data))
        act = rng.randrange(4)
        if act == 0:
            del data[place : place + rng.randint(1, 200)]
        elif act == 1:
            data[place:place] = rng.randbytes(rng.randint(1, 20))
        elif act == 2:
            data[place:place] = data[: rng.randint(1, 300)]
        else:
            data[place] = rng.choice(b"<>&\"'/=;")
    return bytes(data)


def shapes() -> Iterator[bytes]:
    yield page(Q * 3).encode()
    yield page(
        "".join(
            f'<details id="d{n}"><summary>Is {n}?</summary><p>Yes <code>x</code></p><ul><li>a</ul></details>'
            for n in range(5)
        )
    ).encode()
    yield page("<dl>" + "".join(f"<dt>Is {n}?</dt><dd>Yes</dd>" for n in range(5)) + "</dl>").encode()
    yield page("".join(f"<p><b>{n}. Is {n}?</b></p><p>Yes</p>" for n in range(5))).encode()
    yield page(
        "".join(f'<button aria-controls="c{n}">Is {n}?</button><div id="c{n}">Yes</div>' for n in range(5))
    ).encode()
    yield HOSTILE["JSON-LD with a script in the answer"]
    yield page(
        "<p>Q: Is it?<br>A: Yes.</p>" * 4
        + "<table><tr><th>Question</th><th>Answer</th></tr><tr><td>Is?</td><td>Y</td></tr></table>"
    ).encode()


def test_damaged_pages_never_raise() -> None:
    for number, body in enumerate(shapes()):
        for seed in range(int(os.environ.get("WEB_DAMAGE", "25"))):
            found = extract_page(damaged(body, number * 100_000 + seed), "https://x.example/faq", "text/html")
            assert found.pairs or found.not_a_faq
            assert all(context_for(found, n, "without_answer") is None or True for n in range(len(found.pairs)))


def test_extractions_travel_between_processes() -> None:
    found = extract(page(Q))
    copy = pickle.loads(pickle.dumps(found))
    assert copy.pairs == found.pairs
    assert [passage.text for passage in copy.passages] == [passage.text for passage in found.passages]
    assert context_for(copy, 0) == context_for(found, 0)


def test_selectors_on_hostile_pages() -> None:
    for body in HOSTILE.values():
        if len(body) < 200_000:
            found = extract_page(body, "https://x.example/faq", None, selector("main", "h2", "p"))
            assert found.pairs or found.not_a_faq
