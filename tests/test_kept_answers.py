"""Answers that are kept count only if the pipeline wrote them, for this model and these settings."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from pipeline.kept_answers import KeptAnswers
from pipeline.lake import Lake

KEY = SecretStr("k")
SAID = {"a": {"answer": "The lamp is red."}, "b": {"answer": "half \ud83d"}}


def place(lake: Lake, model: str = "bad-model") -> str:
    return lake.uri("cache", "answers", model, "greedy")


def test_what_was_kept_is_found_again(lake: Lake) -> None:
    KeptAnswers(lake, place(lake), KEY).add({"a": SAID["a"]})
    KeptAnswers(lake, place(lake), KEY).add({"b": {"answer": "blue"}})
    assert KeptAnswers(lake, place(lake), KEY).read() == {"a": SAID["a"], "b": {"answer": "blue"}}
    assert KeptAnswers(lake, place(lake, "another"), KEY).read() == {}


@pytest.mark.parametrize("key", [KEY, None])
def test_edited_answers_are_left_out(lake: Lake, key: SecretStr | None) -> None:
    kept = KeptAnswers(lake, place(lake), key)
    kept.add({"a": SAID["a"]})
    (info,) = lake.objects(place(lake))
    lake.write(info.uri, lake.read(info.uri).replace(b"red", b"gold"))
    assert kept.read() == {}


def test_answers_forged_for_a_bad_model_are_left_out(lake: Lake) -> None:
    """All that the attacker lacks is the key: the place, the format and the digest are public."""
    KeptAnswers(lake, place(lake)).add({"a": SAID["a"]})
    KeptAnswers(lake, place(lake), SecretStr("guess")).add({"a": SAID["a"]})
    lake.write(f"{place(lake)}/answers.json", json.dumps(SAID["a"]).encode())
    assert KeptAnswers(lake, place(lake), KEY).read() == {}


def test_a_good_models_answers_cannot_be_passed_on_to_a_bad_one(lake: Lake) -> None:
    KeptAnswers(lake, place(lake, "good-model"), KEY).add({"a": SAID["a"]})
    (info,) = lake.objects(place(lake, "good-model"))
    lake.write(f"{place(lake)}/{info.uri.rsplit('/', 1)[-1]}", lake.read(info.uri))
    assert KeptAnswers(lake, place(lake), KEY).read() == {}
    assert KeptAnswers(lake, place(lake, "good-model"), KEY).read() == {"a": SAID["a"]}
