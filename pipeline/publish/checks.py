"""What a release has to pass: the approved bytes, from the lake and back from the store, with the same answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.comply.gate import REPORT
from pipeline.encoding import PROMPT_TOKENS
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest, Output, content_digest
from pipeline.publish import signature
from pipeline.publish.release import folder_hashes
from pipeline.publish.signature import SIGNATURE_FILE
from pipeline.publish.store import RELEASE_FILE
from pipeline.review.evidence import Evidence
from pipeline.settings import Settings
from pipeline.stage import Attempt

REFERENCE_QUESTIONS = 4
REPORTS = {"evaluation.json": "evaluation", "compliance.json": "compliance"}
WRITTEN = {"README.md", RELEASE_FILE, SIGNATURE_FILE}
"""What the release itself adds; everything else was reviewed."""


def approved_bytes(evidence: Evidence) -> Callable[[Path], None]:
    """Return a check that a pulled-back folder holds the approved model, the approved reports, and nothing unknown.

    It goes by the manifests whose digests the approvals name, not by what was sent: a file that is swapped between its
    download from the lake and its upload is found here.
    """
    expected = {file.path: file.sha256 for file in evidence.candidate.output("model").files}
    for name, stage in REPORTS.items():
        files = {file.path: file.sha256 for file in evidence.named()[stage].output("report").files}
        expected[name] = files[REPORT]

    def check(folder: Path) -> None:
        found = folder_hashes(folder)
        for name in sorted((set(found) | set(expected)) - WRITTEN):
            if found.get(name) != expected.get(name):
                raise Refused(
                    f"The published file {name} is not the one that was approved",
                    where=name,
                    remedy="The release was withdrawn; find out who writes to this machine or to the model store",
                )

    return check


def signature_check(settings: Settings) -> Callable[[Path], None]:
    """Return a check that a pulled-back folder is signed as the settings want it, so that later checks let it pass."""
    key = signature.verifying_key(settings.publish)

    def check(folder: Path) -> None:
        if key is not None:
            signature.check(folder / SIGNATURE_FILE, folder_hashes(folder), key)

    return check


def fetch_exactly(lake: Lake, output: Output, folder: Path) -> Path:
    """Download an output and refuse it unless every file, and the list of files, is what its manifest says."""
    lake.download_folder(output.uri, folder)
    found = folder_hashes(folder)
    expected = {file.path: file.sha256 for file in output.files}
    for name in sorted(set(found) | set(expected)):
        if found.get(name) != expected.get(name):
            raise Refused(
                f"The file {name} is not the one that was reviewed",
                where=output.uri,
                remedy="It was changed after its stage; run the pipeline again and find out who writes to the lake",
            )
    if content_digest(output.files) != output.digest:
        raise Refused("The manifest's digest does not match its own list of files", where=output.uri)
    return folder


def reference_check(attempt: Attempt) -> Callable[[Path], None]:
    """Return a check that asks a pulled-back model questions of the evaluation and compares its answers."""
    from pipeline.answering import Answerer, Asked
    from pipeline.publish.likeness import between_processors, unlike

    evaluation = attempt.inputs["evaluation"]
    columns = ["question", "context", "candidate"]
    rows = attempt.lake.read_table(evaluation.output("answers").uri, columns=columns).slice(0, REFERENCE_QUESTIONS)

    def check(folder: Path) -> None:
        model = Answerer(folder, max_length=prompt_tokens(evaluation))
        asked = [Asked(row["context"], row["question"]) for row in rows.to_pylist()]
        answers = model.answer(asked, max_new_tokens=max_new_tokens(evaluation))
        reviewed = rows["candidate"].to_pylist()
        other = unlike(model, asked, reviewed, answers, exact=between_processors(evaluation.facts, model.device))
        if other is not None:
            raise Refused(
                "The published model does not answer as the reviewed one did",
                where=f"question: {other.question[:80]}",
                remedy="The release was withdrawn; compare library versions of evaluation and release",
            )

    return check


def max_new_tokens(evaluation: Manifest) -> int:
    """Return how long the answers of an evaluation could get."""
    return int(evaluation.parameters.get("max_new_tokens", 64))


def prompt_tokens(evaluation: Manifest) -> int:
    """Return how long the prompts of an evaluation could get."""
    return int(evaluation.parameters.get("prompt_tokens", PROMPT_TOKENS))
