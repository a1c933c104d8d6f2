from __future__ import annotations

import json
import time
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from ftfy import fix_encoding
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.prepare.cleaning.case import lowered
from pipeline.prepare.cleaning.characters import looks_broken
from pipeline.prepare.cleaning.clean import Cleaner
from pipeline.prepare.cleaning.contractions import expanded
from pipeline.prepare.cleaning.segments import is_block, split

TABLE = Path(__file__).with_name("golden_cleaning.jsonl").read_text(encoding="utf-8")
GOLDEN = [json.loads(line) for line in TABLE.split("\n") if line]
CLEANERS = (Cleaner(), Cleaner(expand_contractions=True))
# Pieces that cleaning steps react to, so that random texts meet their combinations.
PIECES = st.sampled_from(
    [
        "<b>", "</b>", "<p>", "</p>", "<br>", "&lt;", "&gt;", "&amp;", "&amp;lt;", "`", "```", "```\n", "\n", "\n\n",
        "    ", "\t", " ", "- ", "1.5", "C++", "<pre>", "</pre>", "<code>", "</code>", "word", "“", "’", "\u200b",
        "\xa0", "é", "e\u0301", "[x](http://a.b)", "<a href='http://x.y'>", "</a>", "here", "-- \n",
        "On Monday Joe wrote:\n", "> q\n", "¶", "Was this helpful?", "<script>", "</script>", "<!--", "-->", "&#60;",
        "~~~\n", "\x1b[31m", "\u202e", "don't", "it's", "]]>", "<![CDATA[", "<li>", "&nbsp;", "Ã©", "â€™", "\u200d",
        "👩", "&copy=1", "<td>", "<the>", "![", "](", "use ", "tag", "\\", "<table>", "</table>", "<tr>", "</tr>",
        "</td>", "<ol>", "</ol>", "</li>",
        "<sup>", "2", "</sup>", "<del>", "</del>", "<x>", "</x>", "&lt;b&gt;", "&lt;/b&gt;", "={", "│ ",
        "ÊàêÊàê ñáðîñ", "&nbsp ",
        "<o:p>", "<div class=\"a", "x: 1\n", "  y = 2\n", "\uf0b7 ", "ก", "<Button>", "&amp;amp;lt;", "<q>",
        "</q>", "\r\n", "Back to top\n", "between ",
        "[b]", "[/b]", "[code]", "[/code]", "[quote]", "[/quote]", "[url=http://x.y]", "[/url]", "[list]", "[*]",
        "[/list]", "[i]", "[/i]", "<input>", "Copy\n", "Next page\n", "From: x\nTo: y\nSubject: z\n", "\ue0000\ue000",
        "&lt;script&gt;", "&lt;/script&gt;", "code is ", "write ", "&amp;nbsp;", " and ", "ampersand",
        "<b>...</b>", "<b>…</b>", "<b></b>", "<b> and </b>", "in ", "does ", "?", ".",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join))
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def test_the_golden_table_is_large_and_of_many_languages() -> None:
    assert len(GOLDEN) >= 100
    assert len({example["language"] for example in GOLDEN}) >= 15


@pytest.mark.parametrize("example", GOLDEN, ids=[f"{e['language']}-{e['about']}" for e in GOLDEN])
def test_golden(example: dict[str, str]) -> None:
    assert Cleaner().text(example["before"]) == example["after"]


def test_the_column_pass_gives_what_single_texts_give() -> None:
    before = [example["before"] for example in GOLDEN]
    column = Cleaner().column(pa.array([*before, None, "plain text, nothing to do"]))
    assert column.to_pylist() == [*(example["after"] for example in GOLDEN), None, "plain text, nothing to do"]


@QUICK
@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    for cleaner in CLEANERS:
        once = cleaner.text(text)
        assert cleaner.text(once) == once
        line = cleaner.line(text)
        assert cleaner.line(line) == line
        assert "\n" not in line or any(is_code and is_block(piece) for piece, is_code in split(line))


@QUICK
@given(TEXTS)
def test_the_quick_look_misses_nothing(text: str) -> None:
    for cleaner in CLEANERS:
        column = pa.array([text])
        assert cleaner.column(column).to_pylist() == [cleaner.text(text)]
        assert cleaner.column(column, one_line=True).to_pylist() == [cleaner.line(text)]


WRONG = st.sampled_from(["latin-1", "cp1252", "mac_roman", "cp1251", "cp1253", "cp1257", "cp437"])
MARKS = st.text("".join(MOJIBAKE_CATEGORIES.values()) + "aZ ,\t\nВЂГўРС√≈àœ×²é日本", max_size=12)


@QUICK
@given(st.lists(st.one_of(TEXTS, MARKS)).map("".join), st.one_of(st.none(), WRONG))
def test_broken_encodings_are_seen_where_the_library_sees_them(text: str, wrong: str | None) -> None:
    read = text.encode(errors="ignore").decode(wrong, errors="ignore") if wrong else text
    assert looks_broken(read) == is_bad(read)


PROSE = st.characters(exclude_characters="<>&;[]`~-\u2028\u2029\ufffc", exclude_categories=["Cs", "Co", "Cc"])


@QUICK
@given(st.text(alphabet=PROSE, max_size=80))
def test_every_digit_and_letter_of_prose_stays(text: str) -> None:
    def content(value: str) -> Counter[str]:
        return Counter(c for c in unicodedata.normalize("NFKD", value) if c.isalnum())

    # Text in a wrong encoding is mended, which is a change of letters on purpose.
    assert content(Cleaner().text(text)) == content(fix_encoding(text))


@QUICK
@given(TEXTS)
def test_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(piece for piece, _ in split(text)) == text


@QUICK
@given(st.text(alphabet="ab <>&;`\n\t.,'\"", max_size=200).filter(lambda code: "```" not in code))
def test_fenced_code_is_not_touched(code: str) -> None:
    text = f"Before:\n\n```\nx\n{code}\nx\n```\n\nAfter."
    assert Cleaner().text(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I don't know", "I do not know"),
        ("I don’t know", "I do not know"),
        ("It can't and won't work", "It cannot and will not work"),
        ("Can't I? Won't you?", "Cannot I? Will not you?"),
        ("John's file isn't Mary's", "John's file is not Mary's"),
        ("the user's data and users' rights", "the user's data and users' rights"),
        ("It's done; that's all, what's next?", "It is done; that is all, what is next?"),
        ("It's been fixed", "It has been fixed"),
        ("I'm, you're, we've, they'll", "I am, you are, we have, they will"),
        ("I'd say he'd gone", "I would say he had gone"),
        ("They shouldn't've", "They should not have"),
        ("Let's go", "Let us go"),
        ("DON'T", "DO NOT"),
        ("rock 'n' roll, O'Brien, 5 o'clock", "rock 'n' roll, O'Brien, 5 o'clock"),
        ("aujourd'hui, l'été, c'est", "aujourd'hui, l'été, c'est"),
    ],
)
def test_contractions(before: str, after: str) -> None:
    assert expanded(before) == after


def test_options_do_not_touch_code() -> None:
    cleaner = Cleaner(expand_contractions=True)
    assert cleaner.text("Don't run `echo 'DON'T'` or MAKE.") == "Do not run `echo 'DON'T'` or MAKE."
    assert cleaner.text("```\nSELECT Don't\n```") == "```\nSELECT Don't\n```"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Run `MAKE` or MAKE.", "run `MAKE` or make."),
        ("Do:\n\n```\nSELECT Name\n```\n\nDone.", "do:\n\n```\nSELECT Name\n```\n\ndone."),
        ("See https://Acme.org/FAQ?Id=A1, WWW.Acme.com/A.", "see https://Acme.org/FAQ?Id=A1, WWW.Acme.com/A."),
        ("Ask [PERSON] or [EMAIL_4F1A0900AB12], NOT [It].", "ask [PERSON] or [EMAIL_4F1A0900AB12], not [it]."),
        ("ÄRGER, ΟΔΟΣ", "ärger, οδος"),
        (None, None),
    ],
)
def test_lower_case_leaves_code_addresses_and_tags(before: str | None, after: str | None) -> None:
    assert lowered(pa.array([before], pa.string()), ["EMAIL", "PERSON"]).to_pylist() == [after]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("How do I\n  install\tit?\r\n", "How do I install it?"),
        ("Why\n\n    does this\n    not work?", "Why does this not work?"),
        ("Use `a\nb`?\nNo.", "Use `a b`? No."),
        (
            "Why does\nthis fail?\n\n```python\nfor x in y:\n    print(x)\n```\n\nThanks\na lot.",
            "Why does this fail?\n```python\nfor x in y:\n    print(x)\n```\nThanks a lot.",
        ),
        (
            "Why does\n\n    for x in y:\n        print(x)\n\nnot end?",
            "Why does\n\n    for x in y:\n        print(x)\nnot end?",
        ),
        ("Why?<pre>x = 1\n  y</pre>It fails.", "Why?\n```\nx = 1\n  y\n```\nIt fails."),
    ],
)
def test_a_question_is_one_line_but_for_its_code(before: str, after: str) -> None:
    assert Cleaner().line(before) == after
    assert Cleaner().column(pa.array([before]), one_line=True).to_pylist() == [after]


def test_quotes_in_quotes_take_no_square_of_their_number() -> None:
    started = time.process_time()
    Cleaner().text("[quote]x" * 20_000 + "[/quote]" * 20_000)
    assert time.process_time() - started < 4, "the square takes minutes"


@pytest.mark.parametrize("ampersand", ["amp;", "#38;", "#x26;"])
def test_layers_of_escapes_cost_no_round_each(ampersand: str) -> None:
    assert Cleaner().text("Salt &" + ampersand * 20_000 + "lt; pepper") == "Salt < pepper"


@pytest.mark.parametrize(
    "opening",
    [
        *("&lt;script&gt;", "&lt;/script&gt;", "write &amp;lt; &lt; "),
        *("<script>", "<pre>", "<code>", "<a href=x>", "<table>", "<x></x>", "<ol>", "<x><b></x>", "<a b "),
        "<ul><li>",
        "y = 1\n  ",
        "│ \n",
        *("[quote]", "[quote]x[/quote]", "[code]", "[b]", "x[i]", "[list][*]", "<input>"),
    ],
)
def test_elements_without_an_end_take_no_square_of_their_number(opening: str) -> None:
    text = "Press it. " + opening * 20_000 + "[/b] [/i] [/quote]"
    started = time.process_time()
    Cleaner().text(text)
    assert time.process_time() - started < 4, "the square takes at least ten seconds, a line a fifth of one"


def test_lists_that_nobody_closed_are_set_in_so_far_only() -> None:
    text = "Press it. " + "<ul><li>x" * 300
    assert len(Cleaner().text(text)) < 3 * len(text), "a level more for each takes ninety thousand characters"
    assert Cleaner().text("<ol><li>a<ol><li>b<ol><li>c</ol></ol></ol>") == "1. a\n  1. b\n    1. c"


@pytest.mark.parametrize("piece", ["<b>...</b> ", "<b> and </b> ", "<i></i> ", "Add <b>…</b> "])
def test_pairs_that_are_shown_take_no_square_of_their_number(piece: str) -> None:
    started = time.process_time()
    Cleaner().text(piece * 5_000 + "<u>")
    assert time.process_time() - started < 3, "the square takes more than five seconds"


@pytest.mark.parametrize("text", ["Type <b>...</b>`", "`<b>...</b>", "x <b> and </b>` y"])
def test_pairs_beside_back_quotes_do_not_grow(text: str) -> None:
    once = Cleaner().text(text)
    assert len(once) <= len(text)
    assert Cleaner().text(once) == once
