# ruff: noqa: E501 (markup stays in one line)
"""Answers as text and as safe HTML, encodings, questions and their numbers."""

from __future__ import annotations

import time

import pytest
from lxml import html as lxml_html
from web_support import extract, page

from pipeline.charsets import decode, http_charset
from pipeline.collect.web.json_text import load, parse_answer
from pipeline.collect.web.markdown import render
from pipeline.collect.web.questions import has_question_mark, is_call_to_action, looks_like_question, strip_numbering
from pipeline.collect.web.sanitise import sanitise

BASE = "https://x.example/docs/faq.html"


def text(markup: str) -> str:
    return render(parse_answer(markup + "<p></p>"), BASE).strip()


def test_a_table_that_would_become_many_times_its_text_is_written_as_it_stands() -> None:
    wide = "<tr>" + f"<td rowspan=1000 colspan=20>{'x' * 900}</td>" * 2 + "</tr>" + "<tr><td>b</td></tr>" * 900
    assert len(text(f"<table>{wide}</table>")) < 20_000


def safe(markup: str) -> str:
    return sanitise(parse_answer(markup + "<p></p>"), BASE).replace("<p></p>", "")


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>One\n two.</p><p>Three.</p>", "One two.\n\nThree."),
        ("<p>Use <code>a  b</code> or <kbd>Ctrl</kbd>, <samp>x</samp>.</p>", "Use `a b` or `Ctrl`, `x`."),
        ("<code>a `b` c</code>", "``a `b` c``"),
        ("<pre>\n  if x:\n\n    y()\n\n</pre>", "```\n  if x:\n\n    y()\n```"),
        ("<div class='highlight'><pre><span></span><span>a</span> <b>b</b>\n</pre></div>", "```\na b\n```"),
        ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
        ("<code>a<br>b</code>", "```\na\nb\n```"),
        ("<ul><li>a<li>b<ul><li>c</li></ul></ul>", "- a\n- b\n\n  - c"),
        ("<ol start=3><li>a</li><li value=7>b</li><li>c</li></ol>", "3. a\n7. b\n8. c"),
        ("<ol><li><p>a</p></li><li><p>b</p></li></ol>", "1. a\n\n2. b"),
        ("<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>", "a\n\nb\n\nc"),
        ("<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>x|y</td></tr></table>", "| A | B |\n| --- | --- |\n| 1 | x\\|y |"),
        ("<table><tr><td>only <b>one</b></td></tr></table>", "only one"),
        ("<table><tr><td rowspan=2>EU</td><td>new</td></tr><tr><td>old</td></tr></table>", "| EU | new |\n| EU | old |"),
        ("<table><tr><td>EU</td><td colspan=2>free</td></tr><tr><td colspan=3>Others</td></tr><tr><td>US</td><td>1</td><td>2</td></tr></table>", "| EU | free | free |\n| Others |  |  |\n| US | 1 | 2 |"),
        ("<table><tr><td rowspan=2 colspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "| a | a | b |\n| a | a | c |"),
        ("<div class=highlight><table class=lntable><tr><td class=lntd><pre><code><span class=lnt>1\n</span><span class=lnt>2\n</span></code></pre></td><td class=lntd><pre><code>a\nb\n</code></pre></td></tr></table></div>", "```\na\nb\n```"),
        ("<pre><code><span class=line><span class=ln>1</span><span class=cl>a\n</span></span><span class=line><span class=ln>2</span><span class=cl>b\n</span></span></code></pre>", "```\na\nb\n```"),
        ("<p>Click <button>Settings</button> in the menu, then <button>Save</button></p>", "Click Settings in the menu, then Save"),
        ("<p>Set <b>Mode</b> in the <label for=x>Mode</label> box.</p>", "Set Mode in the Mode box."),
        ("<p>It is free. <button>Copy</button></p><p>Was this helpful? <button>Yes</button> <button>No</button></p>", "It is free.\n\nWas this helpful?"),
        ("<p>Run: <button>Copy</button></p><label><input type=checkbox> I agree</label>", "Run:"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<a href='https://y.example/z'>the page</a>.", "the page (https://y.example/z)."),
        ("<a href='https://y.example/'>https://y.example</a>", "https://y.example"),
        ("<a href='mailto:a@b.example?subject=x'>write</a> <a href='mailto:c@d.example'>c@d.example</a>", "write (a@b.example) c@d.example"),
        ("see <a href='other.html'>the manual</a>", "see the manual"),
        ("see <a href='other.html#x'>here</a>", "see here (https://x.example/docs/other.html#x)"),
        ("<img src=a.png alt='A red button'> and <img src=b.png alt=''>", "[A red button] and"),
        ("10<sup>6</sup> and H<sub>2</sub>O, 1<sup>st</sup>", "10^6 and H2O, 1st"),
        ("zero\u200bwidth, soft\u00adhyphen, no\u00a0break", "zerowidth, softhyphen, no break"),
        ("<blockquote>quoted <q>inner</q></blockquote>after", "quoted “inner”\n\nafter"),
        ("<script>alert(1)</script><style>p{}</style>text<noscript>no</noscript>", "text"),
        ("<details><summary>More</summary>hidden</details>", "More\n\nhidden"),
        ("AT&amp;T &lt;b&gt; &eacute; &#8364;", "AT&T <b> é €"),
        ("version 19.95, C++ and C#, user.name", "version 19.95, C++ and C#, user.name"),
    ],
)  # fmt: skip
def test_answer_text(markup: str, expected: str) -> None:
    assert text(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p onclick='x()' style='a' class='b'>t</p>", "<p>t</p>"),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("<a href=' java\tscript:alert(1)'>x</a>", "x"),
        ("<a href='data:text/html,x'>x</a><img src='data:image/png;base64,AA' alt=y>", 'x<img alt="y">'),
        ("<a href='../a?b=1&c=2' target=_blank>x</a>", '<a href="https://x.example/a?b=1&amp;c=2">x</a>'),
        ("<img src=i.png alt='\"><script>'>", '<img src="https://x.example/docs/i.png" alt="&quot;&gt;&lt;script&gt;">'),
        ("<script>x</script><iframe src=x></iframe><object></object>a", "a"),
        ("<svg><script>x</script><a>y</a></svg><math><mi>z</mi></math>b", "b"),
        ("<form action=x><input name=y>kept<button>no</button></form>", "kept"),
        ("<custom-tag>kept</custom-tag>", "kept"),
        ("<pre><code class='language-py evil'>a &lt; b</code></pre>", '<pre><code class="language-py">a &lt; b</code></pre>'),
        ("<td colspan=2>a</td>", "<div>a</div>"),
        ("<ol start='3' type=a><li value=x>i</li></ol>", '<ol start="3" type="a"><li>i</li></ol>'),
        ("<base href='https://evil.example/'><meta http-equiv=refresh content=0>x", "x"),
        ("<p>&lt;script&gt;</p>", "<p>&lt;script&gt;</p>"),
    ],
)  # fmt: skip
def test_answer_html_is_safe(markup: str, expected: str) -> None:
    cleaned = safe(markup)
    assert cleaned == expected
    tree = lxml_html.fragment_fromstring(cleaned, create_parent="div")
    assert not tree.xpath("//script|//iframe|//@*[starts-with(name(), 'on')]|//@href[contains(., 'script:')]")


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("<p>é</p>".encode(), None, "<p>é</p>"),
        ("<p>é</p>".encode("latin-1"), "text/html; charset=ISO-8859-1", "<p>é</p>"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><html><p>é</p></html>'.encode("latin-1"), "text/html", "é"),
        ('<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251"), None, "Привет"),
        ('<meta http-equiv=Content-Type content="text/html; charset=Shift_JIS"><p>質問</p>'.encode("cp932"), None, "質問"),
        ("<meta charset=gb2312><p>镕</p>".encode("gb18030"), None, "镕"),
        ("<p>€ “x”</p>".encode("cp1252"), "text/html; charset=iso-8859-1", "€ “x”"),
        (b"\xef\xbb\xbf<p>\xc3\xa9</p>", "text/html; charset=iso-8859-1", "<p>é</p>"),
        ("\ufeff<p>é</p>".encode("utf-16"), None, "é"),
        ("<meta charset=utf-8><p>Nous livrons d\xe9j\xe0 partout: l'\xe9l\xe8ve</p>".encode("latin-1"), None, "déjà partout: l'élève"),
        ("<meta charset=iso-8859-1><p>Où? déjà, élève, été</p>".encode(), None, "Où? déjà, élève, été"),
        ("<meta charset=no-such-thing><p>é</p>".encode(), None, "é"),
        (b"<meta charset=utf-7><p>+ADw-script+AD4-</p>", None, "+ADw-script+AD4-"),
        (b"<meta charset=rot13><p>uryyb</p>", None, "uryyb"),
        ("<meta charset=utf-16><p>é</p>".encode(), None, "é"),
        (b"<p>a\x00b\xff\xfe c</p>", "text/html; charset=utf-8", "ab"),
    ],
)  # fmt: skip
def test_encodings(body: bytes, content_type: str | None, expected: str) -> None:
    decoded, name = decode(body, content_type)
    assert expected in decoded
    assert name
    assert "\x00" not in decoded


def test_undeclared_japanese_is_recognised() -> None:
    page_text = (
        "<html><title>よくある質問</title><p>" + "配送にはどのくらいかかりますか。二日ほどです。" * 20 + "</p></html>"
    )
    for codec in ("cp932", "euc_jp"):
        assert "よくある質問" in decode(page_text.encode(codec))[0]


def test_charset_of_a_content_type() -> None:
    assert http_charset('text/html; charset="utf-8"') == "utf-8"
    assert http_charset("text/html") is None
    assert http_charset("text/html; charset=") is None
    assert http_charset(None) is None


@pytest.mark.parametrize(
    "question",
    [
        "What is it?", "How do I install it", "I can't log in.", "Is it free? (And other questions)", "Wie geht das", "¿Qué es esto",
        "Почему так долго", "どうやって使いますか", "如何安装", "어떻게 설치하나요", "Nasıl kurulum yapılır", "What about \"sid\"?", "What is Linux?!",
        "Ürünü iade edebilir miyim", "<Framework X> does <feature Y> – why doesn’t Django?",
    ],
)  # fmt: skip
def test_questions(question: str) -> None:
    assert looks_like_question(question)


@pytest.mark.parametrize(
    "statement",
    [
        "Table of contents",
        "Installation",
        "Contact us",
        "New features",
        "Still have questions?",
        "Release 3.2",
        "?",
        "-?-",
    ],
)
def test_statements(statement: str) -> None:
    assert not looks_like_question(statement)


@pytest.mark.parametrize(
    "text",
    ["Still have questions?", "Do you have more questions?", "Need more help?", "Didn’t find what you were looking for?",
     "Was this article helpful?", "Noch Fragen?", "Haben Sie weitere Fragen?", "¿Tienes más preguntas?", "Остались вопросы?"],
)  # fmt: skip
def test_calls_to_action(text: str) -> None:
    assert is_call_to_action(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["1. Why?", "2. How?", "3. Where?"], ["Why?", "How?", "Where?"]),
        (["(1) Why?", "(2) How?"], ["Why?", "How?"]),
        (["3.1.12. Why?", "3.1.13. How?"], ["Why?", "How?"]),
        (["1 Why?", "2 How?", "3 Where?"], ["Why?", "How?", "Where?"]),
        (["2 factor login: how?", "Why?"], ["2 factor login: how?", "Why?"]),
        (["2.6 kernels?", "Why?", "How?"], ["2.6 kernels?", "Why?", "How?"]),
        (["Q: Why?", "How?"], ["Why?", "How?"]),
        (["Q-learning: what is it?", "Why?"], ["Q-learning: what is it?", "Why?"]),
        (["1.5 Why?", "1.6 -f jpeg doesn't work."], ["Why?", "-f jpeg doesn't work."]),
        (["Why?¶", "How? #"], ["Why?", "How?"]),
        (["A1.1 Why?", "A1.2 How?", "B2.1 Where?"], ["Why?", "How?", "Where?"]),
        (["1.", "2."], ["1.", "2."]),
        ([], []),
    ],
)
def test_numbers(before: list[str], after: list[str]) -> None:
    assert strip_numbering(before) == after


def test_tables_and_code_with_line_numbers() -> None:
    code = (
        '<table class="highlighttable"><tr><td class="linenos"><pre>1\n2</pre></td>'
        '<td class="code"><pre>a = 1\nb = 2</pre></td></tr></table>'
    )
    found = extract(page(f"<h2>How is it set?</h2>{code}<h2>Is it final?</h2><p>Yes.</p>"))
    assert found.pairs[0].answer == "```\na = 1\nb = 2\n```"


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("{\"a\": \"It\\'s\"}", {"a": "It's"}),
        ('{"a": "100\\% \\d"}', {"a": "100% d"}),
        ('{"a": "back\\\\\\\\slash \\" quote"}', {"a": 'back\\\\slash " quote'}),
        ('// ours\n{"a": 1, // one\n"b": "https://x.example/", /* two */ "c": 3,\n}', {"a": 1, "b": "https://x.example/", "c": 3}),
        ('{"a": "see // there", "b": "//x.example/a.js"}', {"a": "see // there", "b": "//x.example/a.js"}),
    ],
)  # fmt: skip
def test_json_that_is_nearly_right(script: str, value: object) -> None:
    assert load(script) in (value, [value])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Use the &lt;meta&gt; tag in &lt;head&gt;.", "Use the <meta> tag in <head>."),
        ("<p>Use the &lt;meta name=a&gt; tag.</p>", "Use the <meta name=a> tag."),
        ("<p>Put <meta name=a> first.</p>", "Put <meta name=a> first."),
        ("&lt;p&gt;Yes.&lt;/p&gt;", "Yes."),
        ("Yes.&lt;br/&gt;No.", "Yes.\nNo."),
    ],
)
def test_tags_that_an_answer_speaks_of_stay(text: str, shown: str) -> None:
    assert render(parse_answer(text), "https://x.example/") == shown


@pytest.mark.parametrize("text", ["lorem ipsum dolor. ", "a", "? ", "!", "#", "Is it; "])
def test_a_megabyte_is_no_question(text: str) -> None:
    start = time.process_time()
    assert not has_question_mark(text * (1_000_000 // len(text)) + " x")
    strip_numbering([text * (1_000_000 // len(text)) + " x"])
    assert time.process_time() - start < 3


def test_buttons_that_are_words_stay_in_html_as_text() -> None:
    assert (
        safe("<p>Click <button onclick=x()>Settings</button> in the menu.</p>") == "<p>Click Settings in the menu.</p>"
    )
    assert safe("<p>Yes.<button>Copy</button></p>") == "<p>Yes.</p>"
