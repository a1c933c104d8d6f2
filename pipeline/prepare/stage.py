"""The prepare stage: the repository's rows become clean, private, de-duplicated, judged and split rows, on Spark.

Two passes over the rows and one look at all of them in between:

1. `row_pass`: each row alone, in Arrow batches; rows that an earlier run knows are taken over (`reuse`).
2. `deduplicate.find`, `decide`: duplicates, poisoning, refusals and splits, on a few numbers for each row.
3. `assemble`: what was decided is applied, and everything is written and counted.

Rows stay in the repository's order (question ids), so nothing is ever shuffled, and nothing holds all texts in memory.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pipeline.errors import SettingsError
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest, digest_of
from pipeline.settings import PrepareSettings, Settings
from pipeline.stage import Attempt, code_version, run_stage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.prepare.decisions import Decisions
    from pipeline.prepare.figures import Figures
    from pipeline.prepare.row_pass import RowWork

STAGE = "prepare"
PACKAGES = ("prepare", "spark", "prompts")
LIBRARIES = ("presidio-analyzer", "phonenumbers", "ftfy", "py3langid", "pyarrow", "pandas")
"""What the result depends on beside this project."""
WORTH_REUSING = 20_000
"""Rows from which earlier results are looked up; fewer are cleaned in seconds."""


def run(settings: Settings, lake: Lake, *, run_id: str, repository: Manifest) -> Manifest:
    """Prepare the rows of a repository and return the manifest.

    Outputs: `rows` (`schema.PREPARED`), `set_aside` (each row with its reason), `vocabulary`, `report`, and `cleaned`,
    which the next run takes unchanged rows from. Raises QualityError when an expectation that stops the run is broken,
    SettingsError when pseudonyms or shifted dates are wanted without a key, Refused when the repository's rows are not
    those that it was made of.
    """

    def work(attempt: Attempt) -> None:
        from pipeline.spark.session import spark_session

        require_unaltered(lake, repository, "rows")
        with spark_session(settings) as spark:
            named = repository.outputs.get("clusters")
            prepare(spark, settings, attempt, repository.output("rows").uri, clusters=named.uri if named else None)

    return run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"repository": repository},
        parameters=parameters(settings.prepare),
        packages=PACKAGES,
    )


def parameters(chosen: PrepareSettings) -> dict[str, Any]:
    """Return what decides the result; of the key of pseudonyms only a digest, which tells keys apart."""
    privacy = chosen.privacy
    if privacy.mode != "tag" and privacy.pseudonym_key is None:
        raise SettingsError(
            f"prepare.privacy.mode = {privacy.mode} needs a key",
            where="prepare.privacy.pseudonym_key",
            remedy="Set LLMOPS_PREPARE__PRIVACY__PSEUDONYM_KEY to a long random text and keep it",
        )
    key = privacy.pseudonym_key.get_secret_value() if privacy.pseudonym_key and privacy.mode != "tag" else ""
    return {
        **chosen.model_dump(
            mode="json", exclude={"privacy": {"pseudonym_key"}, "refusal_text": True, "refusal_texts": True}
        ),
        "refusals": chosen.refusals().plain(),
        "pseudonym_key": digest_of(["pseudonym-key", key])[:12] if key else None,
        **{library: version(library) for library in LIBRARIES},
    }


def cleaning_identity(chosen: PrepareSettings) -> str:
    """Return a digest of everything that decides what becomes of a row alone."""
    decisive = {"expand_contractions", "lower_case", "sentences", "languages", "near_duplicate_threshold", "privacy"}
    decisive |= {"min_question_chars", "min_answer_chars", "max_answer_chars", "pseudonym_key", *LIBRARIES}
    named = {name: value for name, value in parameters(chosen).items() if name in decisive}
    return digest_of({"code": code_version(*PACKAGES), **named})[:24]


def prepare(
    spark: SparkSession,
    settings: Settings,
    attempt: Attempt,
    uri: str,
    *,
    reuse: bool | None = None,
    clusters: str | None = None,
) -> None:
    """Prepare the rows below a URI into an attempt.

    `reuse` forces the look at an earlier run, or its absence; `clusters` is a dataset of `schema.CLUSTERS`.
    """
    from pipeline.prepare import decide, facts, leakage
    from pipeline.prepare.clusters import read_clusters
    from pipeline.prepare.deduplicate.find import find

    lake, cleaned = attempt.lake, attempt.uri("cleaned")
    _clean(spark, settings, attempt, uri, reuse)
    known = facts.read(lake, cleaned)
    pairs = find(spark, settings, lake, cleaned, known.same_key, known.ranks, attempt.uri("scratch"))
    with ThreadPoolExecutor(1) as beside:  # the executors have nothing to do while this process decides
        prefixes = beside.submit(
            leakage.write_prefixes, spark, settings, lake, cleaned, len(known), attempt.uri("scratch")
        )
        decisions = decide.decide(lake, cleaned, known, pairs, settings.prepare, read_clusters(lake, clusters))
    leakage.take_out(settings, lake, cleaned, known, decisions, prefixes.result())
    figures = _assemble(spark, settings, attempt, decisions)
    _account(attempt, figures)
    _conclude(settings, attempt, figures, decisions)


def row_work(settings: Settings, earlier: str | None = None) -> RowWork:
    """Return the pass over single rows as the settings want it."""
    from pipeline.prepare.cleaning.clean import Cleaner
    from pipeline.prepare.quality.rows import RowRules
    from pipeline.prepare.row_pass import RowWork

    chosen = settings.prepare
    privacy = chosen.privacy
    return RowWork(
        cleaner=Cleaner(chosen.expand_contractions),
        rules=RowRules(
            chosen.min_question_chars, chosen.min_answer_chars, chosen.max_answer_chars, frozenset(chosen.languages)
        ),
        allowed=tuple(privacy.allow),
        mode=privacy.mode,
        key=privacy.pseudonym_key.get_secret_value().encode() if privacy.pseudonym_key else b"",
        near_duplicates=chosen.near_duplicate_threshold,
        with_sentences=chosen.sentences,
        lower_case=chosen.lower_case,
        lake=settings.lake,
        earlier=earlier,
    )


def _clean(spark: SparkSession, settings: Settings, attempt: Attempt, uri: str, reuse: bool | None) -> None:
    import pyarrow as pa

    from pipeline.prepare.reuse import earlier_run
    from pipeline.prepare.row_pass import READ, CleanPart
    from pipeline.prepare.schema import CLEANED
    from pipeline.spark.lake_source import over_lake
    from pipeline.spark.partitions import pieces

    identity = cleaning_identity(settings.prepare)
    attempt.facts["cleaning"] = identity
    total = sum(piece.rows for piece in pieces(attempt.lake, uri, 1 << 62))
    wanted = total >= WORTH_REUSING if reuse is None else reuse
    earlier = earlier_run(attempt.lake, STAGE, identity) if wanted else None
    work = row_work(settings, earlier.output("cleaned").uri if earlier else None)
    part = pa.schema([("rows", pa.int64())])
    written = over_lake(spark, settings, uri, CleanPart(work, settings.lake, attempt.uri("cleaned")), part, READ)
    if not sum(made["rows"] for made in written.collect()):
        attempt.lake.write_batches(attempt.uri("cleaned", "part-00000.parquet"), [], CLEANED)
    attempt.rows["cleaned"] = total


def _assemble(spark: SparkSession, settings: Settings, attempt: Attempt, decisions: Decisions) -> Figures:
    from pipeline.prepare import vocabulary
    from pipeline.prepare.assemble import COLUMNS, FIGURES, Assembly, empty_outputs
    from pipeline.prepare.figures import Figures
    from pipeline.prepare.schema import DECISIONS
    from pipeline.spark.lake_source import over_lake

    lake, chosen = attempt.lake, settings.prepare
    scratch = attempt.uri("scratch")
    place = f"{scratch}/decisions/part-00000.parquet"
    lake.write_batches(place, decisions.table(chosen.split).to_batches(max_chunksize=8192), DECISIONS)
    job = Assembly(settings.lake, attempt.prefix, place, chosen.split, chosen.refusals(), chosen.min_support)
    figures = Figures()
    written = over_lake(spark, settings, attempt.uri("cleaned"), job, FIGURES, COLUMNS, row_numbers=True)
    for made in written.collect():
        figures.add(json.loads(made["figures"]))
    empty_outputs(lake, attempt.prefix, figures)
    words = attempt.uri("words")
    attempt.rows["vocabulary"] = vocabulary.write(spark, settings, lake, words, attempt.uri("vocabulary"))
    lake.delete([info.uri for prefix in (scratch, words) for info in lake.objects(prefix)])
    return figures


def _account(attempt: Attempt, figures: Figures) -> None:
    attempt.counts.rows_in = attempt.rows["cleaned"]
    attempt.counts.rows_out = figures.kept
    attempt.set_aside(dict(sorted(figures.reasons.items())))
    attempt.rows.update(rows=figures.kept, set_aside=figures.aside)


def _conclude(settings: Settings, attempt: Attempt, figures: Figures, decisions: Decisions) -> None:
    from pipeline.prepare.quality.expectations import Measured, check, enforce
    from pipeline.prepare.report import render

    plain = figures.plain()
    outcomes = check(Measured(figures, decisions.measured), settings.prepare)
    enforce(outcomes, plain["reasons"])
    for outcome in outcomes:
        if not outcome.met:
            attempt.warn(
                f"{outcome.says}: {outcome.value:g}, expected {outcome.bound} {outcome.limit:g}. {outcome.remedy}"
            )
    suspected = {reason: n for reason, n in plain["reasons"].items() if reason.startswith("possible poisoning")}
    attempt.facts.update(
        languages=plain["languages"],
        licences=plain["licences"],
        splits=plain["splits"],
        sources=plain["sources"],
        personal_data=plain["personal_data"],
        personal_data_by_source=plain["personal_data_by_source"],
        refusals=figures.refusals,
        # What was found is set aside and not trained on, so nothing is open; a person can look at the rows.
        poisoning={},
        poisoning_set_aside=suspected,
        duplicates=decisions.measured["duplicates"],
        leakage=decisions.measured["leakage"],
        expectations={outcome.name: outcome.met for outcome in outcomes},
    )
    report = {
        "counts": attempt.counts.model_dump(),
        "figures": plain,
        "decisions": decisions.measured,
        "expectations": [asdict(outcome) for outcome in outcomes],
        "warnings": attempt.warnings,
    }
    lake = attempt.lake
    lake.write(attempt.uri("report", "report.json"), json.dumps(report, indent=2, sort_keys=True).encode())
    lake.write(attempt.uri("report", "report.html"), render(report).encode())
