from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser

import pytest

from pipeline.evaluate.assessment import Assessed, Plan
from pipeline.evaluate.benchmarks_adapter import Benchmark
from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.perturbations.registry import all_perturbations
from pipeline.evaluate.ratings import DIMENSIONS
from pipeline.evaluate.reliability import Reliability, Repetition
from pipeline.evaluate.report.build import build
from pipeline.evaluate.report.charts import nice_ticks
from pipeline.evaluate.report.format import link, marked, visible
from pipeline.evaluate.report.render import render
from pipeline.evaluate.robustness import measure, perturbed
from pipeline.settings import EvaluateSettings

from .builders import labelled, outcome

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "<svg/onload=alert(4)>",
    "{{ 7 * 7 }} {% raw %}",
    "![x](https://evil.example/?leak)",
    "\u202eevil\u202c \u0000 \u0007 \u200b",
    "a" * 5000,
    "Z\u0351\u036b\u0343" * 50,
    "",
    "<!-- --> ]]> &amp; &lt;b&gt;",
]


class Page(HTMLParser):
    """What a browser would see: tags with attributes, and whether they close properly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in ("meta", "line", "circle", "br", "link", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def assessed(texts: list[str], role: str, reference: str = "folder") -> Assessed:
    made = [
        outcome(
            text,
            reference,
            question=f"Question {n} <b>?",
            source="<i>source</i>",
            provenance="javascript:alert(5)" if n % 2 else f"https://example.org/{n}?a=1&b=<2>",
            topic=f"topic {n % 2}",
            context=HOSTILE[n % len(HOSTILE)] or None,
            refusal=n == 1,
            refused=n == 2,
        )
        for n, text in enumerate(texts)
    ]
    kinds = [all_perturbations()["case"], all_perturbations()["distractors"]]
    attacks = perturbed(kinds, [item.example for item in made], 3, 1)
    attacked = measure(made, attacks, lambda asked: [texts[0]] * len(asked), lambda text: False, 200, 1)
    again = Repetition("asked again", 3, 2, 0.9, 0.5)
    labels = [labelled("a", "a<", "a b", 1), labelled("b", "b", "a b", 2)]
    return Assessed(role, made, attacked, Reliability([again], 0.5, 0.01), {"<b>task</b>": labels})


def report(**roles: list[str]) -> dict[str, object]:
    found = {role: assessed(texts, role) for role, texts in roles.items()}
    what = Plan(
        [o.example for o in found["candidate"].outcomes], [], [], {}, [Benchmark("<b>task</b>", "labels", [])], "No."
    )
    judged = {"model": "<judge>", "count": 3, "problems": 1, "means": {"candidate": dict.fromkeys(DIMENSIONS, 3.5)}}
    models = {role: {"name": f"model <{role}>", "digest": "0" * 64} for role in roles if role != "baseline"}
    return build(
        EvaluateSettings(bootstrap_samples=200), what, found, models, {"split": "test", "available": 99}, judged
    )


@pytest.fixture(scope="module")
def page() -> str:
    wrong = ["wrong"] * len(HOSTILE)
    return render(report(candidate=HOSTILE, champion=wrong, base=wrong, baseline=["folder"] * len(HOSTILE)))


def test_hostile_answers_are_text_and_nothing_else(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    tags = {tag for tag, _ in parsed.tags}
    assert tags.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "input", "link", "base"})
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    for text in HOSTILE[:6]:
        assert " ".join(text.split()) in " ".join(parsed.text.split())
    assert "{{ 7 * 7 }}" in parsed.text
    assert not re.search(r"[\u0000\u0007\u200b\u202e]", page)
    assert "[U+202E]evil" in parsed.text
    assert "3500 more characters" in parsed.text


def test_links_lead_nowhere_bad_and_nothing_is_loaded(page: str) -> None:
    parsed = Page(page)
    links = [attributes["href"] for tag, attributes in parsed.tags if tag == "a"]
    assert all(str(address).startswith(("#", "https://example.org/", "answers.jsonl")) for address in links)
    assert {str(address)[1:] for address in links if str(address).startswith("#")} <= set(parsed.ids)
    assert not any("src" in attributes for _, attributes in parsed.tags)
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_page_is_accessible(page: str) -> None:
    parsed = Page(page)
    counted = [tag for tag, _ in parsed.tags]
    assert dict(parsed.tags)["html"]["lang"] == "en"
    assert counted.count("h1") == counted.count("main") == 1
    assert counted.count("table") == counted.count("caption")
    assert all("scope" in attributes for tag, attributes in parsed.tags if tag == "th")
    assert all(attributes.get("aria-label") for tag, attributes in parsed.tags if tag == "svg")
    assert len(parsed.ids) == len(set(parsed.ids))
    levels = [int(tag[1]) for tag in counted if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_verdict_comes_first_and_says_what_is_so() -> None:
    right, wrong = ["folder"] * 40, ["wrong"] * 40
    better = report(candidate=right, base=wrong, baseline=wrong)
    assert better["verdict"]["tone"] == "good"  # type: ignore[index]
    assert better["verdict"]["headline"] == "The candidate is better than the base model"  # type: ignore[index]
    worse = report(candidate=wrong, champion=right, base=wrong, baseline=right)
    assert worse["verdict"]["tone"] == "bad"  # type: ignore[index]
    assert worse["verdict"]["headline"] == (  # type: ignore[index]
        "The candidate is worse than the published model, "
        "and worse than copying the best-matching sentence of the context"
    )
    text = Page(render(worse)).text
    assert text.index("is worse than the published model") < text.index("Each value with its 95")


def test_worst_answers_and_changes_are_chosen_by_score() -> None:
    found = report(candidate=["folder", "wrong", "folder"], base=["folder", "folder", "wrong"], baseline=["x"] * 3)
    answers = found["answers"]
    assert answers["worst"][0] == 1  # type: ignore[index]
    assert (answers["lost"], answers["gained"]) == ([1], [2])  # type: ignore[index]


def test_report_is_plain_json_and_the_same_every_time() -> None:
    first = report(candidate=HOSTILE, baseline=["x"] * len(HOSTILE))
    text = json.dumps(first, allow_nan=False)
    assert text == json.dumps(report(candidate=HOSTILE, baseline=["x"] * len(HOSTILE)))
    assert render(first) == render(json.loads(text))


def test_one_model_alone_can_be_shown() -> None:
    found = report(candidate=["folder", ""])
    assert "nothing to compare" in Page(render(found)).text


def test_marks_words_of_the_reference() -> None:
    pieces = [("In ", False), ("the", True), (" ", False), ("Folder,", True), (" yes", False)]
    assert marked("In the Folder, yes", "the folder") == pieces


def test_visible_text() -> None:
    assert visible("a\u0000b\n\tc") == "a[U+0000]b\n\tc"
    assert visible("x" * 10, 4) == "xxxx … [6 more characters in the data]"
    assert visible("日本 العربية ñ") == "日本 العربية ñ"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://example.org/a#b", "https://example.org/a#b"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://[bad", None),
        ("ftp://example.org", None),
        (None, None),
    ],
)
def test_only_web_addresses_are_links(address: str | None, expected: str | None) -> None:
    assert link(address) == expected


@pytest.mark.parametrize("ends", [(0, 1), (-0.1, 0.03), (5, 5), (0, 1e-9), (-1e6, 1e6), (0, float("inf"))])
def test_ticks_are_few_and_cover(ends: tuple[float, float]) -> None:
    ticks = nice_ticks(*ends)
    assert 2 <= len(ticks) <= 8
    assert ticks[0] <= ends[0] + 1e-12
    assert ends[1] == float("inf") or ticks[-1] >= ends[1] - 1e-12


def test_outcomes_without_any_reference_word_are_survived() -> None:
    lonely = Assessed("candidate", [Outcome(outcome("!", "?").example, "!")])
    what = Plan([lonely.outcomes[0].example], [], [], {}, [], "No.")
    assert render(build(EvaluateSettings(), what, {"candidate": lonely}, {"candidate": {"name": "x"}}, {}))
