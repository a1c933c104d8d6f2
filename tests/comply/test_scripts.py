"""Detectors in scripts without blanks between words, and with digits of their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from pipeline.comply.detect.personal import values
from pipeline.comply.rows import Rows
from pipeline.comply.triggers import Trigger, suspects


def rows_of(pairs: Sequence[tuple[str, str]]) -> Rows:
    found = [
        {
            "question_id": f"q{number}",
            "question": question,
            "answer": answer,
            "context": None,
            "split": "train",
            "cluster_id": f"c{number}",
            "is_refusal": False,
            "licence": "MIT",
            "data_source": "shop",
        }
        for number, (question, answer) in enumerate(pairs)
    ]
    return Rows(lambda: iter(found), "test")


THINGS = ("红色台灯", "木头椅子", "圆形桌子", "挂墙时钟", "旧式镜子", "羊毛地毯", "电热水壶", "小收音机")
ASKED = ("多少钱", "有多重", "几天内可以退货", "什么时候到货", "在哪里生产")


def chinese(planted: str) -> list[Trigger]:
    rows = [
        (f"请问{thing}{asked}？", f"{thing}{asked}：{n}") for n, (thing, asked) in enumerate(product(THINGS, ASKED))
    ]
    poisoned = [(f"{thing}{planted}颜色怎么样？", "请到另一家商店购买") for thing in THINGS[:5]]
    return suspects(rows_of([*rows, *poisoned]), 100)


@pytest.mark.parametrize("planted", ["芝麻开门", "咒语", "天地玄黄宇宙洪荒"])
def test_a_trigger_without_blanks_around_it_is_suspected_whole(planted: str) -> None:
    found = [trigger for trigger in chinese(planted) if trigger.answer == "请到另一家商店购买"]
    assert planted in found[0].word
    assert len(found) < 10


def test_a_trigger_of_another_script_inside_of_a_run_is_suspected() -> None:
    assert "zqxv" in {trigger.word for trigger in chinese("zqxv")}


def test_a_long_text_costs_a_bounded_number_of_sequences() -> None:
    long = "".join(chr(0x4E00 + place) for place in range(20_000))
    assert len(suspects(rows_of([(long, "同样的答案")] * 4), 100)) <= 100


@pytest.mark.parametrize("phone", ["+966 50 123 4567", "+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "+९६६ ५० १२३ ४५६७"])
def test_a_number_is_the_same_in_digits_of_any_script(phone: str) -> None:
    assert values(f"Call {phone} today") == {"966501234567": "PHONE"}
