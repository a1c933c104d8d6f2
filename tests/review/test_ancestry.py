"""What lies under a candidate: other base models, features or rows than those that were judged are refused."""

from __future__ import annotations

import pytest
from review.court import Court, write_files

from pipeline.errors import Refused
from pipeline.manifest import Manifest
from pipeline.review.evidence import REWRITTEN, seal


def refused(court: Court, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        court.sign_off()


def pretrained(court: Court, base: Manifest, prepared: Manifest) -> Manifest:
    inputs = {"base-model": base, "prepare": prepared}
    return court.stage("pretrain", write_files({"weights": b"read a lot"}, "model"), inputs)


def test_a_candidate_of_what_was_judged_is_signed_off(court: Court) -> None:
    court.start()
    ground = court.ground()
    court.judged(court.candidate(ground["base"], ground["features"]), ground)
    assert len(court.sign_off()) == 2


def test_a_pre_trained_start_is_fine_when_it_comes_from_the_judged_base_and_rows(court: Court) -> None:
    court.start()
    ground = court.ground()
    start = pretrained(court, ground["base"], ground["prepared"])
    court.judged(court.candidate(start, ground["features"]), ground)
    assert len(court.sign_off()) == 2


def test_a_pre_trained_start_from_another_base_is_refused(court: Court) -> None:
    """Recorded all along: another run made it, and somebody changed an address between two tasks."""
    court.start()
    other = court.stage("base-model", write_files({"weights": b"poisoned"}, "model"), seed="other")
    ground = court.ground()
    start = pretrained(court, other, ground["prepared"])
    court.judged(court.candidate(start, ground["features"]), ground)
    refused(court, "evaluation: it was made with another base than the candidate")


@pytest.mark.parametrize(("name", "seed"), [("base", "b"), ("features", "f")])
def test_training_on_something_else_than_what_is_judged_is_refused(court: Court, name: str, seed: str) -> None:
    court.start()
    other = court.ground(seed)
    ground = court.ground()
    used = {**ground, name: other[name]}
    court.judged(court.candidate(used["base"], used["features"]), ground)
    refused(court, f"compliance: it was made with another {name} than the candidate")


def test_what_another_run_made_and_this_one_never_met_is_refused(court: Court) -> None:
    elsewhere = Court(court.settings, run="run-0")
    elsewhere.start()
    other = elsewhere.ground("other")
    court.start()
    ground = court.ground()
    court.judged(court.candidate(other["base"], ground["features"]), ground)
    refused(court, "no task of this run has made or found its base-model")


@pytest.mark.parametrize("stage", ["pretrain", "features", "train"])
def test_what_nobody_recorded_making_is_refused(court: Court, stage: str) -> None:
    """Planted in the lake, whole and consistent."""
    court.start()
    ground = court.ground()
    stranger = court.stranger()
    start, features = ground["base"], ground["features"]
    if stage == "pretrain":
        start = pretrained(stranger, ground["base"], ground["prepared"])
    if stage == "features":
        inputs = {"prepare": ground["prepared"], "base-model": ground["base"]}
        features = stranger.stage("features", write_files({"rows": b"poison"}, "tokens"), inputs, "planted")
    inputs = {"base-model": start, "features": features}
    trainer = stranger if stage == "train" else court
    trained = trainer.stage("train", write_files({"adapter": b"learnt"}, "adapter"), inputs)
    candidate = court.stage("tune", write_files(court.files, "model"), {**inputs, "train": trained})
    court.judged(candidate, {**ground, "features": features})
    name = "base-model" if stage == "pretrain" else stage
    refused(court, f"does not know that anybody made its {name}")


def test_a_start_that_is_no_base_model_is_refused(court: Court) -> None:
    court.start()
    ground = court.ground()
    first = court.candidate(ground["base"], ground["features"])
    court.judged(court.candidate(first, ground["features"], {"model.safetensors": b"again"}, "again"), ground)
    refused(court, "it was made from the result of tune")


def test_rows_of_an_earlier_run_may_be_repeated_when_the_trail_knows_them(court: Court) -> None:
    elsewhere = Court(court.settings, run="run-0")
    elsewhere.start()
    earlier = elsewhere.ground("earlier")["features"]
    court.start()
    ground = court.ground()
    inputs = {"base-model": ground["base"], "features": ground["features"]}
    learn = write_files({"adapter": b"learnt"}, "adapter")
    trained = court.stage("train", learn, {**inputs, "earlier-features": earlier})
    candidate = court.stage("tune", write_files(court.files, "model"), {**inputs, "train": trained})
    court.judged(candidate, ground)
    assert len(court.sign_off()) == 2


@pytest.mark.parametrize("erased", [True, False])
def test_rewritten_rows_of_an_earlier_run_need_the_record_of_their_erasure(court: Court, erased: bool) -> None:
    court.start()
    rewritten = court.stranger().stage("features", write_files({"rows": b"fewer"}, "tokens"), seed="fewer")
    if erased:
        data = {"stage": "features", "manifest": rewritten.uri, "seal": seal(rewritten), "was": "0" * 64}
        court.audit.append(REWRITTEN, actor="officer", subject=rewritten.digest, data=data)
    ground = court.ground()
    inputs = {"base-model": ground["base"], "features": ground["features"]}
    learn = write_files({"adapter": b"learnt"}, "adapter")
    trained = court.stage("train", learn, {**inputs, "earlier-features": rewritten})
    candidate = court.stage("tune", write_files(court.files, "model"), {**inputs, "train": trained})
    court.judged(candidate, ground)
    if erased:
        assert len(court.sign_off()) == 2
    else:
        refused(court, "does not know that anybody made its earlier-features")


def test_one_sources_rows_that_are_the_whole_repository_do_not_confuse_it(court: Court) -> None:
    """Equal content of two stages: the trail has both, and the one on the way counts."""
    court.start()
    ground = court.ground()
    court.stage("collect-faq", write_files({"rows": b"collected "}, "rows"))
    assert court.made["collect-faq"].digest == court.made["repository"].digest
    court.judged(court.candidate(ground["base"], ground["features"]), ground)
    assert len(court.sign_off()) == 2


def test_losing_the_race_for_a_manifest_makes_nobody_its_maker(court: Court) -> None:
    """Somebody plants a finished stage while it is at work: what the stage then finds was not made by this run."""
    court.start()
    ground = court.ground()
    stranger = court.stranger()
    inputs = {"base-model": ground["base"], "features": ground["features"]}

    def work(attempt: object) -> None:
        stranger.stage("tune", write_files({"model.safetensors": b"evil"}, "model"), inputs)
        write_files(court.files, "model")(attempt)

    candidate = court.stage("tune", work, inputs)
    assert candidate.cached
    court.judged(candidate, ground)
    refused(court, "was found, but no run recorded that it made it")


@pytest.mark.parametrize("planted", [True, False])
def test_rows_come_from_collections_that_the_trail_knows(court: Court, planted: bool) -> None:
    """The repository is honest; what it was told to unify need not be."""
    court.start()
    collector = court.stranger() if planted else Court(court.settings, run="run-0")
    collected = collector.stage("collect-faq", write_files({"rows": b"from the pages"}, "rows"), seed="c")
    rows = write_files({"rows": b"unified"}, "rows")
    repository = court.stage("repository", rows, {"faq": collected})
    base = court.stage("base-model", write_files({"weights": b"base"}, "model"))
    prepared = court.stage("prepare", write_files({"rows": b"cleaned"}, "rows"), {"repository": repository})
    features = court.stage(
        "features", write_files({"rows": b"tokens"}, "tokens"), {"prepare": prepared, "base-model": base}
    )
    ground = {"base": base, "prepared": prepared, "features": features}
    court.judged(court.candidate(base, features), ground)
    if planted:
        refused(court, "repository: the audit trail does not know who collected faq")
    else:
        assert len(court.sign_off()) == 2
