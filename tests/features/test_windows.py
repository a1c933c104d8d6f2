from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.features.windows import ranked, starts


@given(st.integers(0, 600), st.integers(1, 300), st.integers(1, 300))
def test_windows_cover_every_token_and_end_with_the_context(length: int, size: int, stride: int) -> None:
    stride = min(stride, size)
    places = starts(length, size, stride)
    covered = {token for start in places for token in range(start, min(start + size, length))}
    assert covered == set(range(length))
    assert len(places) == len(set(places))
    assert places[-1] == max(0, length - size)


def test_the_usual_size_and_stride() -> None:
    assert starts(600, 256, 128) == [0, 128, 256, 344]
    assert starts(512, 256, 128) == [0, 128, 256]
    assert starts(256, 256, 128) == [0]


def support(context: list[int], answer: list[int]) -> float:
    return ranked(context, answer, size=10, stride=10)[0].support


def test_support_counts_pairs_so_a_copied_sentence_beats_common_words() -> None:
    answer = [1, 2, 3, 4]
    assert support([9, 1, 2, 3, 4, 9], answer) == 1.0
    assert support([4, 9, 3, 9, 2, 9, 1], answer) == 4 / 7
    assert support([], answer) == 0.0
    assert support([1], []) == 0.0


def test_the_window_with_the_answer_comes_first() -> None:
    context = [*range(100, 200), 1, 2, 3, *range(200, 300)]
    best = ranked(context, [1, 2, 3], size=50, stride=25)[0]
    assert best.support == 1.0
    assert context[best.start : best.start + best.size].count(2) == 1


def test_ties_go_to_the_earlier_window() -> None:
    assert [window.start for window in ranked([5] * 40, [7], size=10, stride=10)] == [0, 10, 20, 30]
