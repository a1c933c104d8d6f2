"""What a model learnt again of an earlier run is judged with today's rows, whatever became of that run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.comply import stage as comply_stage
from pipeline.comply.checks.data_licences import DataLicences
from pipeline.comply.policy import load_policy
from pipeline.comply.sources import rows_of
from pipeline.comply.stage import _replayed
from pipeline.comply.subject import ModelFiles, Origin
from pipeline.errors import LakeError, Refused
from pipeline.features.replayed import EARLIER, OUTPUT, Replayed, list_replayed
from pipeline.manifest import InputReference, Manifest
from pipeline.stage import Attempt, run_stage
from pipeline.witness import witnessed

from .conftest import Place
from .examples import base_model, prepare, prepared

pytestmark = pytest.mark.usefixtures("quick")


def trained(place: Place, earlier: Manifest, ids: Collection[str] | None, share: float = 0.2) -> Manifest:
    """The manifest of a training that replayed these questions; None leaves the list out."""

    def work(attempt: Attempt) -> None:
        attempt.lake.write(attempt.uri("adapter", "weights"), str(ids).encode())
        if ids is not None:
            list_replayed(attempt, ids)

    return run_stage(
        place.lake,
        "train",
        work,
        run_id="r2",
        inputs={EARLIER: earlier},
        parameters={"replay_share": share, "ids": str(ids)},
        packages=("records",),
    )


def tuned(place: Place, trained: Manifest, **inputs: Manifest) -> Manifest:
    return run_stage(
        place.lake,
        "tune",
        lambda attempt: attempt.lake.write(attempt.uri("model", "weights"), trained.key.encode()),
        run_id="r2",
        inputs={"train": trained, **inputs},
        packages=("records",),
    )


@pytest.fixture
def earlier(place: Place, causal_folder: Path) -> Manifest:
    rows = [{"answer": f"In folder {n}.", "licence": "CC-BY-NC-4.0" if n == 3 else "MIT"} for n in range(6)]
    return place.features(causal_folder, *rows, {"split": "test"})


@pytest.mark.parametrize("stage", ["train", "tune"])
def test_the_rows_that_were_learnt_again_stand_behind_todays(place: Place, earlier: Manifest, stage: str) -> None:
    candidate = trained(place, earlier, ["q0003", "q0001", "q0003"])
    if stage == "tune":
        candidate = tuned(place, candidate)
    today = prepare(place.lake, prepared(*({"question_id": f"today{n}"} for n in range(4))))
    found = rows_of(place.lake, today, Replayed(place.settings, place.lake, candidate))
    rows = list(found)
    assert [row.question_id for row in rows[4:]] == ["q0001", "q0003"]
    assert [(row.answer, row.licence, row.split, row.data_source) for row in rows[4:]] == [
        ("In folder 1.", "MIT", "train", "faq"),
        ("In folder 3.", "CC-BY-NC-4.0", "train", "faq"),
    ]
    assert (found.replayed, found.splits()) == (2, {"train": 6})
    assert list(found) == rows, "checks read it again and again"


def test_a_licence_that_only_replayed_rows_have_is_judged(place: Place, earlier: Manifest) -> None:
    today = prepare(place.lake, prepared({}))
    policy = load_policy(place.settings.policy_file)
    for ids, status in ((["q0001"], "passed"), (["q0003"], "failed")):
        replayed = Replayed(place.settings, place.lake, trained(place, earlier, ids))
        origin = Origin(name="acme/base", licence="Apache-2.0")
        subject = SimpleNamespace(rows=rows_of(place.lake, today, replayed), policy=policy, origin=origin)
        assert DataLicences().judge(subject, {}).status == status  # type: ignore[arg-type]


def test_a_training_without_replay_adds_nothing(place: Place, earlier: Manifest) -> None:
    for candidate in (trained(place, earlier, None, share=0.0), trained(place, earlier, [])):
        found = Replayed(place.settings, place.lake, candidate)
        assert (len(found), list(found)) == (0, [])


def test_a_replay_that_is_not_on_record_is_not_judged(place: Place, earlier: Manifest) -> None:
    for candidate in (trained(place, earlier, None), tuned(place, trained(place, earlier, None))):
        with pytest.raises(LakeError, match=r"which ones is not on record.*Train it again"):
            Replayed(place.settings, place.lake, candidate)


@pytest.mark.parametrize("what", ["list", "features"])
def test_what_was_changed_in_the_lake_is_not_judged_in_its_place(place: Place, earlier: Manifest, what: str) -> None:
    candidate = trained(place, earlier, ["q0001"])
    output = candidate.output(OUTPUT) if what == "list" else earlier.output("qa_features")
    place.lake.write(f"{output.uri}/{output.files[0].path}", b"other")
    with pytest.raises(Refused, match="was changed after its stage"):
        Replayed(place.settings, place.lake, candidate)


def test_rows_that_are_no_longer_there_are_missed(place: Place, earlier: Manifest) -> None:
    found = Replayed(place.settings, place.lake, trained(place, earlier, ["q0001", "q0999"]))
    with pytest.raises(LakeError, match=r"1 of the 2 rows that the model learnt again are not in the features"):
        list(found)


def test_features_that_were_made_anew_since_are_not_the_ones_that_were_read(place: Place, earlier: Manifest) -> None:
    candidate = trained(place, earlier, ["q0001"])
    output = earlier.output("qa_features")
    other = earlier.model_copy(update={"outputs": {"qa_features": output}})
    place.lake.write(earlier.uri, other.model_dump_json().encode())
    with pytest.raises(LakeError, match="earlier-features of train have changed since it read them"):
        Replayed(place.settings, place.lake, candidate)


class Account:
    """Who saw some manifests being made."""

    def __init__(self, *known: Manifest) -> None:
        self.known = [manifest.model_dump() for manifest in known]

    def saw(self, manifest: Manifest) -> None:
        self.known.append(manifest.model_dump())

    def knows(self, manifest: Manifest) -> bool:
        return manifest.model_dump() in self.known


def test_a_training_that_was_made_to_say_that_it_read_other_rows_is_not_believed(
    place: Place, earlier: Manifest, causal_folder: Path
) -> None:
    """The digest of its files is the same, and the ids stand for harmless texts there."""
    train = trained(place, earlier, ["q0003"])
    candidate = tuned(place, train)
    witnessed(place.lake, Account(earlier, train))
    assert len(list(Replayed(place.settings, place.lake, candidate))) == 1
    harmless = place.features(causal_folder, *({"question_id": f"q{n:04d}"} for n in range(7)))
    edited = train.model_copy(update={"inputs": {EARLIER: InputReference(uri=harmless.uri, digest=harmless.digest)}})
    place.lake.write(train.uri, edited.model_dump_json().encode())
    with pytest.raises(Refused, match="Nobody recorded making the train of tune"):
        Replayed(place.settings, place.lake, candidate)


def test_only_with_its_own_features_a_candidate_is_judged_by_what_it_learnt_again(
    place: Place, earlier: Manifest, causal_folder: Path
) -> None:
    """A model in production is judged by the newest rows; what it learnt was judged before it came there."""
    own, newer = place.features(causal_folder, {}, {}), place.features(causal_folder, {}, {}, {})
    candidate = tuned(place, trained(place, earlier, ["q0001"]), features=own)
    found = _replayed(place.settings, place.lake, candidate, own)
    assert found is not None
    assert len(found) == 1
    assert _replayed(place.settings, place.lake, candidate, newer) is None


def test_the_stage_judges_what_was_learnt_again(
    place: Place, earlier: Manifest, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("model_of", "base_of"):
        monkeypatch.setattr(comply_stage, name, lambda *given: ModelFiles(causal_folder, "a model"))
    monkeypatch.setattr(comply_stage, "from_evaluation", lambda lake, evaluation: [])
    own = place.features(causal_folder, {})
    inputs = {
        "candidate": tuned(place, trained(place, earlier, ["q0003"]), features=own),
        "base": base_model(place.lake, causal_folder, "causal", "acme/Tiny"),
        "prepared": prepare(place.lake, prepared({"question_id": "today"})),
        "features": own,
        "evaluation": own,
    }
    policy = load_policy(place.settings.policy_file)
    subject = comply_stage._subject(place.settings, place.lake, policy, date(2026, 11, 27), inputs)
    assert [row.question_id for row in subject.rows] == ["today", "q0003"]
