# ruff: noqa: E501 (markup stays in one line)
"""Shapes that pages of strangers brought up: nested headings, panels filled by scripts, wrong references, other words."""

from __future__ import annotations

import json

import pytest
from web_support import extract, page

from pipeline.collect.web.model import PageExtraction
from pipeline.collect.web.questions import has_question_mark, is_call_to_action, looks_like_question, strip_numbering

ASKED = ("How do I order a sample?", "When will the parcel arrive?", "Can I pay by invoice?", "Who repairs my lamp?")
TOLD = ("Write to the shop.", "After two days.", "Yes, from the second order on.", "Our workshop does.")
PAIRS = list(zip(ASKED, TOLD, strict=True))


def pairs(found: PageExtraction) -> list[tuple[str, str]]:
    """Return questions and answers."""
    return [(pair.question, pair.answer) for pair in found.pairs]


def items(row: str) -> str:
    """Return one row for each of the four questions."""
    return "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate(PAIRS))


@pytest.mark.parametrize(
    "row",
    [
        '<div class="card"><div class="card-header" role="heading" aria-level="2" id="h{n}"><h2><a role="button" data-toggle="collapse" href="#c{n}" aria-controls="c{n}">{q}</a></h2></div>'
        '<div id="c{n}" class="collapse" role="tabpanel"><div class="card-body">{a}</div></div></div>',
        '<div class="row"><h3 class="flex"><button type="button" id="t{n}" aria-controls="p{n}" aria-expanded="false"><h3 class="text-xl">{q}</h3></button></h3>'
        '<div role="region" id="p{n}" aria-labelledby="t{n}">{a}</div></div>',
    ],
    ids=["role around a heading", "heading in the button of a heading"],
)
def test_a_heading_around_a_heading_is_one_heading(row: str) -> None:
    assert pairs(extract(page(items(row), title="Help | FAQ"))) == PAIRS


def test_what_stands_in_the_next_control_answers_nothing() -> None:
    row = '<div><h3><button aria-controls="p{n}" aria-expanded="false"><div class="tag">Orders and payment</div><h3>{q}</h3></button></h3><div id="p{n}" hidden></div></div>'
    more = "<h3>Need more help?</h3><p>Our team answers every message within a day.</p>"
    rows = items(row) + items(row.replace("{q}", "{q} And then?").replace("p{n}", "r{n}"))
    found = extract(page(rows + more, title="FAQ"))
    assert pairs(found) == []
    assert found.not_a_faq is not None


def test_a_panel_is_what_the_script_opens_not_what_a_label_says() -> None:
    row = '<div class="card"><h2><a data-toggle="collapse" href="#c{n}" aria-controls="c0">{q}</a></h2><div id="c{n}" class="collapse">{a}</div></div>'
    assert pairs(extract(page(items(row), title="FAQ"))) == PAIRS


def test_a_link_that_closes_an_answer_is_no_answer_to_it() -> None:
    row = '<div class="drop"><a href="javascript:;" class="open">{q}</a><div class="text"><div class="inner"><p>{a}</p><a href="javascript:;" class="close">Close</a></div></div></div>'
    found = extract(page(items(row), title="FAQ"))
    assert [pair.question for pair in found.pairs] == list(ASKED)
    assert all(pair.answer.startswith(told) for pair, told in zip(found.pairs, TOLD, strict=True))


def test_questions_of_several_sentences_in_cards() -> None:
    long = "We want to keep to the rules, but the shop is far away. " * 6 + "What can we do about it?"
    row = '<div class="drop"><a class="open">{q}</a><div class="text"><p>{a} Ask the manager, who knows the rules.</p></div></div>'
    assert len(long) > 300
    found = extract(page(items(row) + row.format(q=long, a="Nothing."), title="FAQ"))
    assert [pair.question for pair in found.pairs] == [*ASKED, long]


def test_a_faq_section_of_an_article() -> None:
    text = "<h1>Buying lamps abroad</h1><h2>Costs</h2><h3>Fees</h3><p>Few.</p><h3>Taxes</h3><p>Some.</p>"
    rows = items('<div class="faq-item"><h4>{q}</h4><p>{a}</p></div>')
    ending = "<h3>Lost in the lamp shop?</h3><p>We know the way.</p>"
    markup = page(f"{text}<section><h2>Frequently asked questions</h2>{rows}</section>{ending}", title="Lamps - Blog")
    assert pairs(extract(markup, url="https://x.example/blog/lamps/")) == PAIRS
    assert pairs(extract(page(text + rows + ending, title="Lamps - Blog"), url="https://x.example/blog/lamps/")) == []


def test_titles_beside_a_faq_section_are_no_questions() -> None:
    text = "".join(
        f"<h2>{title}</h2><p>Many words about it.</p>"
        for title in (
            "What will I see?",
            "Who is this tour for?",
            "Why choose us?",
            "What to bring",
            "How to get there",
        )
    )
    rows = items(
        '<div class="faq-item"><button class="faq-trigger"><span>{q}</span><span>+</span></button><div class="faq-answer">{a}</div></div>'
    )
    found = extract(
        page(f"{text}<h2>Frequently asked questions</h2><div>{rows}</div>", title="Kayak tours"),
        url="https://x.example/tours",
    )
    assert pairs(found) == PAIRS


def test_a_number_is_no_question() -> None:
    rows = items('<div class="wrap"><div class="content"><h4>{q}</h4><p>{a}</p></div></div>')
    prices = "<h2>New houses</h2>" + "".join(
        f"<a><h4>{n} 200 000 ₽</h4><p>{n}30 m², 2 floors</p></a>" for n in range(1, 7)
    )
    assert pairs(extract(page(rows + prices, title="House - FAQ"))) == PAIRS


def test_list_items_are_no_frames_whatever_their_ids() -> None:
    ids = ("format", "header", "footer", "menu")
    rows = "".join(f'<li id="{name}"><b>{q}</b><br>{a}</li>' for name, (q, a) in zip(ids, PAIRS, strict=True))
    found = extract(page(f"<ol>{rows}</ol>", title="Library FAQ"))
    assert [pair.question for pair in found.pairs] == list(ASKED)
    assert [pair.anchor for pair in found.pairs] == list(ids)


def test_players_are_no_part_of_answers() -> None:
    rows = items(
        "<h2>{q}</h2><p>{a}</p><audio controls><source src='a.mp3'>Your browser does not support audio.</audio>"
    )
    assert pairs(extract(page(rows, title="FAQ"))) == PAIRS


def test_structured_data_of_another_language_gives_way_to_what_is_shown() -> None:
    data = {"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": f"Frage {n} zur Lampe?", "acceptedAnswer": {"@type": "Answer", "text": f"Antwort {n}."}} for n in range(4)]}  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    shown = items('<article class="faq-card" id="a{n}"><h2>{q}</h2><p>{a}</p></article>')
    assert pairs(extract(page(script + shown, title="Lamp FAQ"))) == PAIRS
    assert len(extract(page(script + "<p>Lamps.</p>", title="Lamp FAQ")).pairs) == 4


def test_bare_links_before_boxes() -> None:
    rows = items("<a href=\"javascript:toggle('faq{n}')\">{q}</a><br><div class='faq-box' id='faq{n}'>{a}</div>")
    assert pairs(extract(page(f"<div>{rows}</div>", title="Alliance - FAQ"))) == PAIRS


def test_underlined_questions() -> None:
    rows = items('<p><font color="#ffff88"><a name="Entry{n}"></a><u>{q}</u></font></p><p>{a}</p>')
    found = extract(page(rows, title="Lamp FAQ"))
    assert pairs(found) == PAIRS
    assert [pair.anchor for pair in found.pairs] == ["Entry0", "Entry1", "Entry2", "Entry3"]


def test_a_disclosure_in_a_paragraph_holds_what_follows() -> None:
    rows = items("<p><details>\n<summary>\n<strong>{q}</strong></summary></p>\n<p>{a}</p>\n<p></details></p>\n")
    assert pairs(extract(page(rows, title="FAQ"))) == PAIRS


def test_lists_of_statements_and_questions_that_are_the_whole_page() -> None:
    problems = [("Library headers are not found", "Install the package with the headers."), ("The build is slow on my disk", "Use a faster one.")]  # fmt: skip
    lists = "".join(
        f"<h2>{title}</h2><dl>{''.join(f'<dt><strong>{q}</strong><dd><p>{a}</p>' for q, a in rows)}</dl>"
        for title, rows in (("Compilation problems", problems), ("Misc.", PAIRS))
    )
    assert pairs(extract(page(lists, title="Lamp editor FAQ"))) == [*problems, *PAIRS]
    beside = page(f"{lists}<p>{'Much more about lamps. ' * 60}</p>", title="Lamp editor FAQ")
    assert pairs(extract(beside)) == PAIRS


def test_marked_questions_that_structured_data_does_not_tell_are_added() -> None:
    told = [
        ("Do I need a visa for Georgia?", "No visa is needed for a year."),
        ("How fast is the delivery to Georgia?", "The courier needs four days to Tbilisi."),
        ("Which papers are asked for most often?", "Certificates of birth and of good conduct."),
        ("What does a translation cost?", "That depends on the number of pages."),
    ]
    data = {"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": q, "acceptedAnswer": {"@type": "Answer", "text": a}} for q, a in told]}  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    shown = [("Do I need a visa for Georgia?", "No visa is needed for a year."), *PAIRS]
    rows = "".join(
        f'<div class="faq-item"><div class="faq-question"><span>{q}</span></div><div class="faq-answer">{a}</div></div>' for q, a in shown
    )  # fmt: skip
    found = extract(
        page(f"{script}<h2>Frequently asked questions</h2>{rows}", title="Papers"), url="https://x.example/p"
    )
    assert sorted(pairs(found)) == sorted([*told, *PAIRS])
    again = "".join(
        f'<div class="faq-item"><div class="faq-question"><span>{n}) {q}</span></div><div class="faq-answer">{a}</div></div>'
        for n, (q, a) in enumerate(told)
    )
    found = extract(page(f"{script}<h2>Frequently asked questions</h2>{again}", title="Papers for Georgia"))
    assert sorted(pairs(found)) == sorted(told)


@pytest.mark.parametrize(
    "text",
    [
        "Can't find the information you need?", "Do you have a question or need help?", "Your question isn't answered here? Leave us a comment:", "💬 Sorunuz mu var?", "Başka sorunuz var mı?", "Ainda tem dúvidas?",
        "Masz pytania?", "Vẫn còn thắc mắc?", "هل لديك أسئلة أخرى؟", "עדיין יש לך שאלות?", "还有其他问题？",
        "他にご質問はありますか？", "더 궁금한 점이 있으신가요?", "Залишились питання?", "Brauchen Sie noch Hilfe?",
    ],
)  # fmt: skip
def test_invitations_in_many_languages(text: str) -> None:
    assert is_call_to_action(text)


@pytest.mark.parametrize(
    "text",
    ["Do you have a question about my order number?", "Var mı böyle bir soru türü?", "Có câu hỏi nào về thuế không?"],
)
def test_questions_that_name_questions_are_no_invitations(text: str) -> None:
    assert not is_call_to_action(text) or len(text) < 60


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("प्र. XON क्या है?", "XON क्या है?"), ("س: ما هو السعر؟", "ما هو السعر؟"), ("שאלה: מה המחיר?", "מה המחיר?"),
        ("Câu hỏi 3: Giá bao nhiêu?", "Giá bao nhiêu?"), ("Питання 2. Яка ціна?", "Яка ціна?"),
        ("D: drive is full, what now?", "D: drive is full, what now?"), ("сколько стоит?", "сколько стоит?"),
    ],
)  # fmt: skip
def test_labels_of_questions_in_many_languages(text: str, bare: str) -> None:
    assert strip_numbering([text]) == [bare]


@pytest.mark.parametrize("language", [("س", "ج"), ("שאלה", "תשובה"), ("प्रश्न", "उत्तर"), ("Hỏi", "Đáp"), ("В", "О"), ("P", "R"), ("D", "R"), ("F", "A"), ("V", "A"), ("Ｑ", "Ａ")])  # fmt: skip
def test_labelled_blocks_in_many_languages(language: tuple[str, str]) -> None:
    asks, tells = language
    rows = items(f"<p>{asks}: {{q}}</p><p>{tells}: {{a}}</p>")
    assert pairs(extract(page(rows, title="Library"))) == PAIRS


def test_a_mark_before_the_words_asks_nothing() -> None:
    assert not has_question_mark("? car 22")
    assert not looks_like_question("? car 22")
    assert has_question_mark("Is it free? (2 answers) Read on")


def test_a_label_does_not_hide_that_a_title_asks() -> None:
    row = '<div><div class="t">Q: What is lamp {n} made of</div><div class="u">Of glass, number {n}.</div></div>'
    found = extract(page("".join(row.format(n=n) for n in range(4)), title="FAQ"))
    assert [pair.question for pair in found.pairs] == [f"What is lamp {n} made of" for n in range(4)]


def test_terms_inside_their_anchors() -> None:
    rows = items('<a name="q{n}" href="#q{n}"><dt>Q: {q}</dt></a><dd>{a}</dd><dd>As always.</dd>')
    found = extract(page(f"<dl>{rows}</dl>", title="FAQ"))
    assert pairs(found) == [(question, f"{answer}\n\nAs always.") for question, answer in PAIRS]


STATED = (
    "Accented letters come out wrong.",
    "The lamp does not light up",
    "My parcel is late",
    "How do I order a lamp?",
)


@pytest.mark.parametrize("link", ['<a href="#q{n}">{q}</a>', '<a href="#" data-scroll-target="q{n}">{q}</a>'])
@pytest.mark.parametrize(
    "place",
    [
        '<li id="q{n}"><p><b>{n}.</b> <span class="c">{q}</span></p>{a}<br>See the <i>manual</i>.</li>',
        '<p><a name="q{n}"></a>{q} <a href="#top">top</a></p><p>{a}</p><p>See the <i>manual</i>.</p>',
    ],
)
def test_what_the_contents_of_a_faq_page_list_is_what_it_answers(link: str, place: str) -> None:
    rows = list(enumerate(zip(STATED, TOLD, strict=True), 1))
    contents = "".join("<li>" + link.format(n=n, q=q) + "</li>" for n, (q, _) in rows)
    places = "".join(place.format(n=n, q=q, a=a) for n, (q, a) in rows)
    markup = f'<a name="top"></a><ul>{contents}</ul><ul>{places}</ul>'
    found = extract(page(markup, title="FAQ"))
    assert [pair.answer.split()[:2] for pair in found.pairs] == [answer.split()[:2] for answer in TOLD]
    assert all(pair.question.startswith(stated) for pair, stated in zip(found.pairs, STATED, strict=True))
    assert [pair.anchor for pair in found.pairs] == ["q1", "q2", "q3", "q4"]
    assert all("manual" in pair.answer for pair in found.pairs)
    assert pairs(extract(page(markup, title="Lamps"), url="https://x.example/lamps/")) == []


def test_the_contents_of_a_page_that_asks_nothing_are_sections() -> None:
    names = ("Ordering lamps", "Paying for lamps", "Repairing lamps", "Returning lamps")
    contents = "".join(f'<li><a href="#s{n}">{name}</a></li>' for n, name in enumerate(names))
    places = "".join(f'<p id="s{n}"><span>{name}</span></p><p>All there is.</p>' for n, name in enumerate(names))
    assert pairs(extract(page(f"<ul>{contents}</ul>{places}", title="FAQ"))) == []


STATEMENTS = (
    ("en", "FAQ", ("Shipping costs", "Return policy", "Payment methods", "Gift cards")),
    ("th", "คำถามที่พบบ่อย", ("การจัดส่งสินค้า", "การคืนสินค้า", "วิธีการชำระเงิน", "บัตรของขวัญ")),
    ("ja", "よくあるご質問", ("送料について", "返品について", "支払い方法", "ギフトカード")),
)
OPENED = {
    "details": "<details><summary>{q}</summary><p>{a}</p></details>",
    "accordion": '<div class="item"><button aria-controls="p{n}" aria-expanded="false">{q}</button><div id="p{n}">{a}</div></div>',
}


@pytest.mark.parametrize(("lang", "title", "stated"), STATEMENTS)
@pytest.mark.parametrize("row", OPENED.values(), ids=OPENED)
def test_what_a_faq_opens_is_what_it_answers_even_when_nothing_asks(
    lang: str, title: str, stated: tuple[str, ...], row: str
) -> None:
    rows = "".join(row.format(n=n, q=q, a=a) for n, (q, a) in enumerate(zip(stated, TOLD, strict=True)))
    expected = list(zip(stated, TOLD, strict=True))
    assert pairs(extract(page(rows, title=title, lang=lang), url="https://x.example/a")) == expected
    below = page(f"<h1>Lamps</h1><h2>{title}</h2>{rows}", title="Lamps", lang=lang)
    assert pairs(extract(below, url="https://x.example/a")) == expected
    assert pairs(extract(page(rows, title="Lamps", lang=lang), url="https://x.example/a")) == []


def test_statements_beside_questions_when_they_are_built_alike() -> None:
    row = '<details class="faq"><summary>{q}</summary><p>{a}</p></details>'
    asked = "".join(row.format(q=q, a=a) for q, a in PAIRS)
    stated = "".join(row.format(q=q, a=a) for q, a in zip(STATED[:3], TOLD[:3], strict=True))
    filters = "".join(
        f'<details class="filter"><summary>{name}</summary><p>All of them</p></details>'
        for name in ("Size", "Colour", "Brand")
    )
    links = "".join(
        f'<details class="faq"><summary>{name}</summary><a href="/{name}">All of {name}</a></details>'
        for name in ("A1", "B1", "C1")
    )
    found = extract(page(f"<div>{asked}</div><div>{stated}</div><div>{filters}</div><div>{links}</div>"))
    assert pairs(found) == [*PAIRS, *zip(STATED[:3], TOLD[:3], strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "จัดส่งสินค้าใช้เวลากี่วัน",
        "คืนสินค้าได้หรือไม่",
        "ชำระเงินอย่างไร",
        "送料はいくら",
        "パスワードを忘れた",
        "ログインできない",
        "届くのは何日後",
    ],
)
def test_questions_without_a_mark_in_thai_and_japanese(text: str) -> None:
    assert looks_like_question(text)


CELLS = "".join(f"<tr>{{before{n}}}<td>{q}</td><td>{a}</td>{{after}}</tr>" for n, (q, a) in enumerate(PAIRS))


@pytest.mark.parametrize(
    ("header", "first", "after"),
    [
        ("", "<td rowspan=4>Orders</td>", ""),
        ("<tr><th>Topic</th><th>Question</th><th>Answer</th></tr>", "<td rowspan=4>Orders</td>", ""),
        ("<tr><th>Topic</th><th>Question</th><th>Answer</th><th>Updated</th></tr>", "<td rowspan=4>Orders</td>", "<td>May</td>"),
        ("<tr><th colspan=4>Lamps</th></tr><tr><th>Topic</th><th>Question</th><th>Answer</th><th>Updated</th></tr>", "<td rowspan=4>Orders</td>", "<td>May</td>"),
        ("<tr><th>Question</th><th>Answer</th><th>Updated</th></tr><tr><td colspan=3>Orders</td></tr>", "", "<td>May</td>"),
    ],
    ids=["no header", "category", "four columns", "title above the header", "category across"],
)  # fmt: skip
@pytest.mark.parametrize("title", ["FAQ", "Lamps"])
def test_tables_with_categories_and_further_columns(header: str, first: str, after: str, title: str) -> None:
    rows = CELLS.format(before0=first, before1="", before2="", before3="", after=after)
    assert pairs(extract(page(f"<table>{header}{rows}</table>", title=title), url="https://x.example/a")) == PAIRS


def test_a_header_that_says_question_and_answer_is_enough() -> None:
    rows = "".join(f"<tr><td>{q}</td><td>{a}</td></tr>" for q, a in zip(STATED, TOLD, strict=True))
    markup = f"<table><tr><th>Question</th><th>Answer</th></tr>{rows}</table>"
    expected = list(zip(STATED, TOLD, strict=True))
    assert pairs(extract(page(markup, title="Lamps"), url="https://x.example/a")) == expected
    assert pairs(extract(page(markup, title="Lamp quiz"), url="https://x.example/a")) == []
    assert pairs(extract(page(markup.replace("Answer", "Points"), title="Lamps"), url="https://x.example/a")) == []


def test_a_question_that_spans_its_answers() -> None:
    rows = "".join(f"<tr><td rowspan=2>{q}</td><td>{a}</td></tr><tr><td>Always.</td></tr>" for q, a in PAIRS)
    assert pairs(extract(page(f"<table>{rows}</table>"))) == [(q, f"{a}\n\nAlways.") for q, a in PAIRS]


def test_spans_that_lie() -> None:
    rows = "".join(
        f'<tr><td rowspan="{n}9999999999">{q}</td><td colspan="x">{a}</td></tr>' for n, (q, a) in enumerate(PAIRS)
    )
    assert pairs(extract(page(f"<table>{rows}</table>"))) == PAIRS


@pytest.mark.parametrize(
    "row", ["<p>Q{n} - {q}</p><p>A{n} - {a}</p>", "<p>Q – {q}<br>A – {a}</p>", "<p>Ｑ．{q}</p><p>Ａ．{a}</p>"]
)
def test_labels_with_dashes_and_wide_full_stops(row: str) -> None:
    assert pairs(extract(page(items(row), title="Lamps"), url="https://x.example/a")) == PAIRS


@pytest.mark.parametrize("row", ["<p>P: {q}</p><p>{a}</p>", "<p>P {q}</p><p>R {a}</p>", "<p>D: {q}</p><p>A drive.</p>"])
def test_single_letters_are_labels_only_with_their_answers(row: str) -> None:
    found = extract(page(items(row), title="Lamps"), url="https://x.example/a")
    assert found.family != "labels"


QA_MARKS = {
    "spans": '<dl>{rows}</dl>|<dt><span class="m">Q</span>{q}</dt><dd><span class="m">A</span>{a}</dd>',
    "numbered": "{rows}|<h3><b>Q{n}</b>{q}</h3><div><b>A{n}</b><p>{a}</p></div>",
    "blocks": '{rows}|<details><summary><div class="i"><span>Q</span></div><div>{q}</div></summary><div class="i">A</div><p>{a}</p></details>',
    "wide": "{rows}|<h3><em>Ｑ</em>{q}</h3><p><em>Ａ</em>{a}</p>",
}


@pytest.mark.parametrize("form", QA_MARKS.values(), ids=QA_MARKS)
def test_letters_that_decorate_questions_and_answers(form: str) -> None:
    around, _, row = form.partition("|")
    assert pairs(extract(page(around.format(rows=items(row))))) == PAIRS


def test_letters_of_a_choice_and_of_labels_stay() -> None:
    choice = "".join(f'<p><span class="c">{letter}</span>{word}</p>' for letter, word in zip("ABCD", TOLD, strict=True))
    found = extract(page(f"<h2>Which is it?</h2>{choice}<h2>Is that all?</h2><p>Yes.</p>"))
    assert found.pairs[0].answer.startswith("AWrite to the shop.")
    assert pairs(extract(page(items("<p><b>Q</b>: {q}</p><p><b>A</b>: {a}</p>"), title="Lamps"))) == PAIRS


PLAIN = {
    "paragraphs": "<p>{q}</p><p>{a}</p>",
    "numbered": "<p>{n}) {q}</p><p>{a}</p>",
    "numbered words": "<p>{n}. {q}</p><p>{a}</p>",
    "broken items": "<li>{q}<br>{a}</li>",
    "items": "<li>{q}<p>{a}</p></li>",
    "broken paragraphs": "<p>{q}<br>{a}</p>",
    "divs": "<div><div>{q}</div><div>{a}</div></div>",
    "one line": "<li>{q} {a}</li>",
    "cells": "<table><tr><td>{q}</td></tr><tr><td>{a}</td></tr></table>",
    "bullets": "<p>• {q}</p><p>{a}</p>",
    "arrows": "<p>▸ {q}</p><p>{a}</p>",
    "line breaks": "{q}<br>{a}<br><br>",
    "labelled lines": "Q: {q}<br>A: {a}<br><br>",
    "labelled cells": "<table><tr><td>Q:</td><td>{q}</td></tr><tr><td>A:</td><td>{a}</td></tr></table>",
    "divs in divs": "<div><div><div>{q}</div></div><div>{a}</div></div>",
}


@pytest.mark.parametrize("row", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("count", [3, 4, 12])
def test_plain_text_of_a_faq_page(row: str, count: int) -> None:
    expected = [PAIRS[n] if n < 4 else (f"Is lamp {n} in the shop?", f"Lamp {n} is.") for n in range(count)]
    rows = "".join(row.format(n=n + 1, q=q, a=a) for n, (q, a) in enumerate(expected))
    assert (
        pairs(extract(page(f"<p>All about lamps.</p><div>{rows}</div>", title="Lamp FAQ"), url="https://x.example/a"))
        == expected
    )
    if "Q:" not in row:
        assert pairs(extract(page(rows, title="Lamps"), url="https://x.example/a")) == []


def test_lines_of_an_answer_stay_together() -> None:
    rows = "".join(f"{q}<br>{a}<br>See <a href='https://x.example/'>more</a>,<br>please.<br><br>" for q, a in PAIRS)
    found = extract(page(f"<p>All about lamps.<br>{rows}</p>", title="FAQ"))
    assert [(p.question, p.answer) for p in found.pairs] == [
        (q, f"{a}\nSee more (https://x.example/),\nplease.") for q, a in PAIRS
    ]
    unanswered = "".join(f"{q}<br>" for q in ASKED)
    assert pairs(extract(page(f"<p>{unanswered}</p>", title="FAQ"))) == []


def test_plain_questions_with_answers_of_several_blocks_below_contents() -> None:
    contents = "<ul>" + items("<li>{q}</li>") + "</ul>"
    rows = items("<p>{q}</p><p>{a}</p><ul><li>Always</li></ul>")
    found = extract(page(contents + rows, title="FAQ"))
    assert pairs(found) == [(q, f"{a}\n\n- Always") for q, a in PAIRS]


def test_plain_questions_that_nobody_answers() -> None:
    assert pairs(extract(page(items("<p>{q}</p>"), title="FAQ"))) == []
    assert (
        pairs(
            extract(
                page(
                    "<p>Are you new here?</p><p>Do you want more?</p><p>Shall we begin?</p><p>Then call.</p>",
                    title="FAQ",
                )
            )
        )
        == []
    )


COMPONENTS = {
    "header": '<va-accordion>{rows}</va-accordion>|<va-accordion-item header="{q}" id="q{n}"><p>{a}</p></va-accordion-item>',
    "summary": '{rows}|<sl-details summary="{q}">{a}</sl-details>',
    "title": '<app-list>{rows}</app-list>|<app-accordion title="{q}"><div>{a}</div></app-accordion>',
    "slot": '{rows}|<sl-details><div slot="summary">{q}</div>{a}</sl-details>',
    "attributes": '{rows}|<faq-item question="{q}" answer="&lt;p&gt;{a}&lt;/p&gt;"></faq-item>',
}


@pytest.mark.parametrize("form", COMPONENTS.values(), ids=COMPONENTS)
def test_custom_elements(form: str) -> None:
    around, _, row = form.partition("|")
    found = extract(page(around.format(rows=items(row)), title="Lamps"), url="https://x.example/a")
    assert pairs(found) == PAIRS
    assert found.family == "component"


def test_custom_elements_that_ask_nothing() -> None:
    rows = "".join(f'<shop-card title="{name}"><p>Very fine.</p></shop-card>' for name in ("Lamp", "Shade", "Bulb"))
    assert pairs(extract(page(rows, title="Lamps"), url="https://x.example/a")) == []


def test_sections_with_their_questions_on_different_levels() -> None:
    shipping = "".join(f"<h3>{q}</h3><p>{a}</p><h4>Details</h4><p>More.</p>" for q, a in PAIRS[:3])
    returns = "".join(f"<h4>{q}</h4><p>{a}</p>" for q, a in [*PAIRS[3:], ("Return labels", "By mail.")])
    other = "<h2>Contact</h2><h4>By phone</h4><p>Call.</p>"
    found = extract(page(f"<h2>Shipping</h2>{shipping}<h2>Returns</h2>{returns}{other}", heading="FAQ"))
    assert [(p.question, p.answer.split("\n")[0], p.section) for p in found.pairs] == [
        *((q, a, "Shipping") for q, a in PAIRS[:3]),
        (*PAIRS[3], "Returns"),
        ("Return labels", "By mail.", "Returns"),
    ]
    assert "More." in found.pairs[0].answer


def test_statements_that_open_give_way_to_questions_elsewhere() -> None:
    shown = items("<h2>{q}</h2><p>{a}</p>")
    cookies = "".join(
        f"<details><summary>{t}</summary><p>Kept for a year.</p></details>"
        for t in ("Necessary", "Statistics", "Marketing")
    )
    found = extract(page(f"{shown}<h3>Cookies</h3>{cookies}"))
    assert [pair.question for pair in found.pairs] == list(ASKED)
    opened = "".join(
        f"<details><summary>{q}</summary><p>{a}</p></details>" for q, a in zip(STATED[:3], TOLD[:3], strict=True)
    )
    found = extract(page(f"<h2>How do I order?</h2>{opened}<h2>How do I pay?</h2>{opened.replace('.', '!')}"))
    assert len(found.pairs) == 6
    assert found.family == "details"
