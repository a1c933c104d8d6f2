from __future__ import annotations

import random
import re
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.prepare.deduplicate.candidates import distinct, pairs
from pipeline.prepare.deduplicate.components import components
from pipeline.prepare.deduplicate.find import exact_copies
from pipeline.prepare.deduplicate.keys import Sets, forms, keys, same_keys
from pipeline.prepare.deduplicate.minhash import Bands, band_hashes, bands_for
from pipeline.prepare.deduplicate.prefixes import COUNTER_BITS, LARGEST, prefixes_of
from pipeline.prepare.deduplicate.verify import Texts, jaccard, judge, of_pairs
from pipeline.prepare.deduplicate.words import Ragged, normalised, shingles, words

LONG = "Open the settings, choose the tab named account, press the button reset and wait for the mail that we send you."
LONGER = LONG + " Then sign in with the new password, and remove the old one from every device on which you use it."
RESET = "How do I reset it?"


def verdict(one: tuple[str, str], other: tuple[str, str], threshold: float = 0.8) -> tuple[bool, bool]:
    sides = [Texts(pa.array([q]), pa.array([a])) for q, a in (one, other)]
    made = judge(sides[0], sides[1], threshold)
    return bool(made.duplicate[0]), bool(made.related[0])


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Use C++ and C#, not C!", "use c++ and c# not c"),
        ("Version 3.11. It’s out...", "version 3.11 it s out"),
        ("ＦＵＬＬ　width", "full width"),
        ("日本語です", "日 本 語 で す"),
        ("Straße GROẞ", "straße groß"),
        ("Use .NET, not net. It is a.b...", "use .net not net it is a.b"),
        ("...and then ..5!", "and then 5"),
        ("हि. का, ok\u00a0–Ä_ö", "हि का ok ä ö"),
        (None, ""),
    ],
)
def test_the_form_in_which_texts_are_compared(text: str | None, form: str) -> None:
    assert normalised(pa.array([text], pa.string())).to_pylist() == [form]


def plain_form(text: str) -> str:
    """Return the same for one text, character by character."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(f" {c} " if "\u4e00" <= c <= "\u9fff" else c for c in text)
    kinds = {c: "w" if unicodedata.category(c)[0] in "LMN" else c if c in "+#." else " " for c in text}
    made = []
    for word in "".join(" " if kinds[c] == " " else c for c in text).split(" "):
        shape = "".join(kinds[c] for c in word)
        gone = {n for found in re.finditer(r"\.+(?:[^w]|$)", shape) for n in range(*found.span())}
        made.append("".join(" " if n in gone else c for n, c in enumerate(word)))
    return " ".join(" ".join(made).split())


@given(st.lists(st.text("aB1 .+#_,\n日é\u0301ह\u093f½…\u00a0"), max_size=6), st.integers(0, 3))
def test_the_form_of_many_texts_is_that_of_each_character(texts: list[str], skip: int) -> None:
    expected = [plain_form(text) for text in texts]
    assert normalised(pa.array(texts, pa.string())).to_pylist() == expected
    assert normalised(pa.array(texts, pa.string())[skip:]).to_pylist() == expected[skip:]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_columns_of_other_kinds_have_the_same_forms(kind: pa.DataType) -> None:
    parts = [pa.array(["A b.", None], kind), pa.array([], kind), pa.array(["日本, c"], kind)]
    assert normalised(pa.chunked_array(parts)).to_pylist() == ["a b", "", "日 本 c"]


def test_prefixes_of_more_sets_than_16_bits_count_are_the_rarest_members() -> None:
    chance = np.random.default_rng(5)
    counts, many = np.zeros(1 << COUNTER_BITS, np.uint16), (1 << 16) + 50
    lengths = chance.integers(0, 4, many)
    values = np.concatenate([np.sort(chance.integers(1, 1 << 63, n).astype(np.uint64)) for n in lengths])
    counts[(values >> np.uint64(64 - COUNTER_BITS)).astype(np.int64)] = chance.integers(0, 3, len(values))
    sets = Ragged(values, np.concatenate([[0], np.cumsum(lengths)]))
    made = prefixes_of(sets, counts, 0.8)["entries"].to_pylist()
    for row in (0, 1, 65_535, 65_536, many - 1):
        members = values[sets.starts[row] : sets.starts[row + 1]].tolist()
        members.sort(key=lambda value: (counts[value >> (64 - COUNTER_BITS)], value))
        wanted = len(members) - int(np.ceil(0.8 * len(members) - 1e-9)) + 1 if members else 0
        assert made[row] == [value & ~LARGEST | len(members) for value in members[:wanted]]


@given(st.lists(st.tuples(st.text("ab "), st.text("ab ")), max_size=6))
def test_words_of_two_columns_are_those_of_both_texts_joined(rows: list[tuple[str, str]]) -> None:
    sides = [words(pa.array([row[side] for row in rows], pa.string())) for side in (0, 1)]
    together, joined = sides[0].followed_by(sides[1]), words(pa.array([" ".join(row) for row in rows], pa.string()))
    assert together.values.tolist() == joined.values.tolist()
    assert together.starts.tolist() == joined.starts.tolist()


def test_words_and_shingles_of_many_texts_are_those_of_each() -> None:
    texts = ["a b c d", "", "x", "c d a b c d", "日本"]
    together = shingles(words(normalised(pa.array(texts))), 3)
    for place, text in enumerate(texts):
        alone = shingles(words(normalised(pa.array([text]))), 3)
        mine = together.values[together.starts[place] : together.starts[place + 1]]
        assert mine.tolist() == alone.values.tolist()
    assert together.lengths().tolist() == [2, 0, 1, 4, 1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30))), min_size=1, max_size=12),
    st.sampled_from([1, 1 << 27, 1 << 28, 1 << 59]),
)
def test_jaccard_is_exact(sets: list[tuple[set[int], set[int]]], step: int) -> None:
    def ragged(chosen: list[set[int]]) -> Ragged:
        starts = np.concatenate([[0], np.cumsum([len(one) for one in chosen])])
        return Ragged(np.array([v * step for one in chosen for v in sorted(one)], np.uint64), starts)

    made = jaccard(ragged([one for one, _ in sets]), ragged([other for _, other in sets]))
    wanted = [len(a & b) / len(a | b) if a | b else 0.0 for a, b in sets]
    assert made == pytest.approx(wanted)
    every = ragged([one for pair in sets for one in pair])
    places = np.arange(len(sets))
    assert of_pairs(every, 2 * places, 2 * places + 1) == pytest.approx(wanted)


def test_bands_find_pairs_at_the_threshold_and_few_below() -> None:
    cut = bands_for(0.8, recall=0.995, hashes=128)
    assert cut.recall(0.8) >= 0.995
    assert cut.bands * cut.rows <= 128
    assert cut.recall(0.4) < 0.12
    assert Bands(1, 1).recall(0.5) == 0.5


def test_shared_bands_happen_as_often_as_the_formula_says() -> None:
    generator = random.Random(3)
    cut = Bands(8, 4)
    met = 0
    for _ in range(400):
        common = [generator.getrandbits(60) for _ in range(60)]
        sides = [sorted({*common, *(generator.getrandbits(60) for _ in range(20))}) for _ in range(2)]
        values = np.array([v for side in sides for v in side], np.uint64)
        bands = band_hashes(Ragged(values, np.cumsum([0, *map(len, sides)])), cut, 1)
        met += bool((bands[0] == bands[1]).any())
    assert met / 400 == pytest.approx(cut.recall(60 / 100), abs=0.07)


@pytest.mark.parametrize(
    ("one", "other", "duplicate", "related"),
    [
        ((RESET, LONG), ("how do I RESET it", LONG.upper()), True, True),
        ((RESET, LONGER), (RESET, LONGER.replace("wait", "please wait")), True, True),
        ((RESET, LONG), (RESET, LONG.replace("wait", "please wait").replace("tab", "page")), False, True),
        ((RESET, LONG), (RESET, "Ask your administrator."), False, True),
        ((RESET, LONGER + " It takes 5 minutes."), (RESET, LONGER + " It takes 9 minutes."), False, True),
        ((RESET, LONGER + " You may close it."), (RESET, LONGER + " You may not close it."), False, True),
        (("How do I delete my account?", LONG), ("Where can one change a password?", LONG), False, True),
        (("Is it free?", "Yes."), ("Is it open?", "Yes."), False, False),
        (("What is C?", "A language."), ("What is C++?", "A language."), False, False),
        (("What is Python 2?", "An old language."), ("What is Python 3?", "A newer one."), False, False),
    ],
)  # fmt: skip
def test_verdicts(one: tuple[str, str], other: tuple[str, str], duplicate: bool, related: bool) -> None:
    assert verdict(one, other) == (duplicate, related)
    assert verdict(other, one) == (duplicate, related)


@pytest.mark.parametrize(
    ("question", "answer", "contradicting"),
    [
        (RESET, LONGER + " It takes 9 minutes.", True),
        (RESET, LONGER + " It takes 5 minutes.", False),
        (RESET, LONGER + " It takes 5 minutes, not more.", True),
        (RESET, "Ask your administrator.", False),
        ("How do I reset it in version 2?", LONGER + " It takes 9 minutes.", False),
    ],
)
def test_answers_that_differ_in_a_number_or_a_negation_contradict(
    question: str, answer: str, contradicting: bool
) -> None:
    one, other = (RESET, LONGER + " It takes 5 minutes."), (question, answer)
    sides = [Texts(pa.array([asked]), pa.array([told])) for asked, told in (one, other)]
    made = judge(sides[0], sides[1], 0.8)
    assert bool(made.contradicting[0]) == contradicting


def test_every_row_under_a_key_is_paired_and_large_keys_stay_linear() -> None:
    left, right = pairs(np.array([4, 4, 4, 9, 9, 12]), np.array([1, 5, 7, 0, 5, 3]))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 5), (1, 5), (1, 7), (5, 7)]
    rows = np.arange(5000)
    left, right = pairs(np.full(5000, 77), rows)
    assert len(left) < 5 * 5000
    assert (left < right).all()
    members, group = components(left, right)
    assert members.tolist() == rows.tolist()
    assert set(group.tolist()) == {0}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)).filter(lambda p: p[0] != p[1]), max_size=40))
def test_components_are_those_of_a_plain_search(edges: list[tuple[int, int]]) -> None:
    neighbours: dict[int, set[int]] = {}
    for one, other in edges:
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    wanted = {}
    for start in neighbours:
        seen, todo = {start}, [start]
        while todo:
            for other in neighbours[todo.pop()] - seen:
                seen.add(other)
                todo.append(other)
        wanted[start] = min(seen)
    left = np.array([min(edge) for edge in edges], np.int64)
    right = np.array([max(edge) for edge in edges], np.int64)
    members, group = components(*distinct(left, right))
    assert dict(zip(members.tolist(), group.tolist(), strict=True)) == wanted


def test_exact_copies_name_the_first_of_their_kind_that_was_seen() -> None:
    same, ranks = np.array([0, 7, 3, 7, 0, 3, 7]), np.array([0, 2, 5, 1, 4, 3, 6], np.int32)
    (left, right), firsts = exact_copies(same, ranks)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(1, 3), (2, 5), (3, 6)]
    assert sorted(firsts.tolist()) == [3, 5]


@pytest.mark.parametrize("old", [2, 12, 13, 500])
def test_later_rows_under_a_key_change_no_pair_of_earlier_ones(old: int) -> None:
    key = np.full(900, 77)
    before, after = (set(zip(*map(np.ndarray.tolist, pairs(key[:n], np.arange(n))), strict=True)) for n in (old, 900))
    assert before == {pair for pair in after if max(pair) < old}


def test_rows_that_take_no_part_have_no_keys_and_short_answers_no_answer_key() -> None:
    found = forms(pa.array(["How do I do it?", "Is it free?"]), pa.array([LONG, "Yes."]))
    usable = np.array([True, False])
    made = keys(found, Sets.of(found), usable, 0.8)
    assert len(made[0]) > 20
    assert len(made[1]) == 0
    assert same_keys(found, usable).to_pylist()[1] == 0
    both = keys(found, Sets.of(found), np.array([True, True]), 0.8).to_pylist()
    kinds = [{key & 3 for key in row} for row in both]
    assert kinds == [{1, 2, 3}, {1, 2}]


def test_near_duplicates_meet_under_a_key_nearly_always() -> None:
    generator = random.Random(5)
    vocabulary = [f"word{n}" for n in range(2000)]
    questions, answers = [], []
    for n in range(300):
        answer = [generator.choice(vocabulary) for _ in range(80)]
        changed = list(answer)
        changed[generator.randrange(80)] = "different"
        changed[generator.randrange(80)] = "another"
        questions += [f"What about thing {n}?"] * 2
        answers += [" ".join(answer), " ".join(changed)]
    found = forms(pa.array(questions), pa.array(answers))
    made = keys(found, Sets.of(found), np.ones(600, bool), 0.8).to_pylist()
    near = [{key for key in row if key & 3 == 1} for row in made]
    assert sum(bool(near[2 * n] & near[2 * n + 1]) for n in range(300)) >= 298
