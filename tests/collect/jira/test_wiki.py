from __future__ import annotations

import time

import pytest

from pipeline.collect.jira.wiki import wiki_text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("plain text", "plain text"),
        ("h2. Title\nbody", "Title\nbody"),
        ("*bold* _it_ -gone- +new+ ^up^ ~down~ ??cite??", "bold it ~~gone~~ new up down cite"),
        ("{*}Press{*}Save, un{_}believ{_}able", "PressSave, unbelievable"),
        ("10{^}6{^} Hz, m{^}2{^}, 1{^}st{^}, H{~}2{~}O", "10^6 Hz, m^2, 1st, H2O"),
        ("*-Restart it.-* {-}Wait{-}ing", "~~Restart it.~~ ~~Wait~~ing"),
        ("*Press{*}ed and {*}Save*", "Pressed and Save"),
        ("[{*}the{*} guide|https://example.com]", "the guide (https://example.com)"),
        ("{*} and {-} alone", "{*} and {-} alone"),
        ("run it with --dry-run --all, see ---this---", "run it with --dry-run --all, see ---this---"),
        ("well-known 5*3*2 snake_case_name a-b-c", "well-known 5*3*2 snake_case_name a-b-c"),
        ("{{ls *.txt}}", "`ls *.txt`"),
        ("{code:java}\nint *x* = {{1}};\n{code}", "```\nint *x* = {{1}};\n```"),
        ("{noformat}a_b_c [x|y]{noformat}", "```\na_b_c [x|y]\n```"),
        ("before {code}x{code} after", "before \n```\nx\n```\n after"),
        ("{code}{code}", ""),
        ("* a\n* b\n** c\n* d", "- a\n- b\n  - c\n- d"),
        ("# a\n# b\n\n# c", "1. a\n2. b\n\n3. c"),
        ("# a\ntext\n# b", "1. a\ntext\n1. b"),
        ("# a\n#* x\n# b", "1. a\n  - x\n2. b"),
        ("- a\n- b", "- a\n- b"),
        ("||Key||What||\n|a|b|", "| Key | What |\n| --- | --- |\n| a | b |"),
        ("|a|b|", "| a | b |"),
        ("[guide|https://example.com/a_b]", "guide (https://example.com/a_b)"),
        ("[https://example.com]", "https://example.com"),
        ("[example.com|https://example.com/]", "example.com".replace("example.com", "https://example.com/")),
        ("[mail|mailto:a@example.com]", "mail (a@example.com)"),
        ("[~agent2] please", "@agent2 please"),
        ("[^log.txt]", "[log.txt]"),
        ("[#anchor]", "anchor"),
        ("array[0] and [note]", "array[0] and [note]"),
        ("!screen.png|alt=The screen!", "[The screen]"),
        ("!screen.png!", ""),
        ("Stop! Now! Really!", "Stop! Now! Really!"),
        ("{quote}said\nso{quote}", "> said\n> so"),
        ("bq. said", "> said"),
        ("{panel:title=Note}inside{panel}", "Note\ninside"),
        ("{color:red}red{color} {color:#ff0000}x{color}", "red x"),
        ("a\n----\nb", "a\n\nb"),
        ("one\\\\two", "one\ntwo"),
        (r"\*not bold\* \{x\}", "*not bold* {x}"),
        ("this -- that --- there", "this – that – there"),
        ("C:\\temp and {placeholder}", "C:\\temp and {placeholder}"),
        ("a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_notation(markup: str, expected: str) -> None:
    assert wiki_text(markup) == expected


@pytest.mark.parametrize("hostile", [None, 5, {}, [], b"x"])
def test_what_is_no_markup_gives_no_text(hostile: object) -> None:
    assert wiki_text(hostile) == ""


@pytest.mark.parametrize(
    "markup",
    [
        "{code}" * 3001,
        "*" * 50_000,
        "[" * 50_000,
        "!" * 50_000,
        "{quote}" * 5001,
        "[a|" * 20_000,
        "|" * 50_000,
        "*a " * 30_000,
        "{color:" * 9000,
        "\0" * 100 + "0\0",
        "_a" * 30_000,
    ],
)
def test_hostile_markup_takes_no_time(markup: str) -> None:
    begun = time.thread_time()
    wiki_text(markup)
    assert time.thread_time() - begun < 10
