"""Which questions of an earlier run may be learnt from again today.

What is replayed is what today's data lack, and that is also what was withdrawn since, and the old wording of what is
asked as a test question today. Compliance judges today's rows; so whatever can be told about an older one from today's
data and today's policy is looked at here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.settings import Settings
from pipeline.train import held_out

TEXTS = ("question_id", "question", "answer", "context", "split", "licence", "is_refusal")


def code_of(settings: Settings) -> tuple[str, ...]:
    """Return what else decides which questions are replayed, for a stage's key."""
    return held_out.CODE if settings.train.replay_share else ()


def forbidden_licences(settings: Settings, lake: Lake) -> list[str]:
    """Return the licences of the earlier run's rows that today's policy forbids; none when nothing is replayed."""
    from pipeline.comply import licences
    from pipeline.comply.policy import load_policy

    if not settings.train.replay_share or not settings.train.earlier_features:
        return []
    policy = load_policy(settings.policy_file).licences
    found = load_manifest(lake, settings.train.earlier_features).facts.get("licences", {})
    judged = {name: licences.judge(name, policy, policy.data) for name in sorted(found)}
    return [name for name, one in judged.items() if one.problems and not (one.unknown and policy.unknown == "warn")]


def repeatable(
    settings: Settings, lake: Lake, features: Manifest, earlier: Manifest, forbidden: Collection[str]
) -> set[str]:
    """Return the training questions of the earlier features that may be replayed beside today's.

    Left out are questions that are in today's features, in whichever split, or that today's preparation set aside,
    those under a forbidden licence, and those near a row that is held out today: with its context, or telling its
    question or its answer.
    """
    from pipeline.features.retrieval import question_batches

    known: set[str] = _set_aside(lake, features)
    told = held_out.HeldOut(_held_out(question_batches(settings, lake, features, TEXTS), known))
    found: set[str] = set()
    for batch in question_batches(settings, lake, earlier, TEXTS):
        batch = batch.filter(pc.equal(batch.column("split"), "train"))
        context = batch.column("context")
        texts = pc.binary_join_element_wise(batch.column("question"), batch.column("answer"), "\n")
        near = told.contexts_among(pc.fill_null(context, "")) & np.asarray(pc.is_valid(context))
        near |= told.answers_in(texts)
        names, under = batch.column("question_id").to_pylist(), batch.column("licence").to_pylist()
        found |= {
            name
            for name, licence, is_near in zip(names, under, near.tolist(), strict=True)
            if not is_near and licence not in forbidden and name not in known
        }
    return found


def _held_out(batches: Iterator[pa.RecordBatch], known: set[str]) -> Iterator[pa.RecordBatch]:
    """Yield what must not be told of today's held-out rows, their questions as answers; note the ids of all rows."""
    for batch in batches:
        known.update(batch.column("question_id").to_pylist())
        rows = batch.filter(pc.not_equal(batch.column("split"), "train"))
        count = rows.num_rows
        yield pa.RecordBatch.from_arrays(
            [
                pa.concat_arrays([rows.column("context"), pa.nulls(count, pa.string())]),
                pa.concat_arrays([rows.column("answer"), rows.column("question")]),
                pa.concat_arrays([rows.column("is_refusal"), pa.array([False] * count, pa.bool_())]),
            ],
            ["context", "answer", "is_refusal"],
        )


def _set_aside(lake: Lake, features: Manifest) -> set[str]:
    """Return the questions that the preparation of these features set aside."""
    prepared = features.inputs.get("prepare")
    output = load_manifest(lake, prepared.uri).outputs.get("set_aside") if prepared else None
    if output is None or not output.files:
        return set()
    return set(lake.read_table(output.uri, columns=["question_id"])["question_id"].drop_null().to_pylist())
