"""The bytes that were trained are the bytes that are checked."""

from __future__ import annotations

from pipeline.comply.check import Check, Limits, Result, not_applicable, verdict
from pipeline.comply.checks.weight_files import files
from pipeline.comply.subject import Subject
from pipeline.lake.check import altered
from pipeline.manifest import content_digest
from pipeline.model_folder import file_digest

RESTS_ON = ("base", "prepared", "features", "evaluation")
"""What the model was trained from and on and is compared with, and its measurement."""


class FileDigests(Check):
    """Every file of the candidate is what its stage's manifest promises, and there is no other."""

    slug = "file_digests"
    title = "File digests"
    proves = (
        "Every file of the candidate has the SHA-256 that its training stage recorded, no file was added or removed, "
        "and the manifest's own digest matches its list. So it is with its base model and with the rows and features "
        "that it was trained and measured on."
    )
    risks = ("supply-chain",)
    severity = "critical"
    remedy = "Find out who writes to the lake, then train again; nothing that changed after training is published"
    before_loading = True
    waivable = False

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Compare the folder with the manifest."""
        output = subject.candidate.output
        if output is None:
            return not_applicable("a folder given by hand has no manifest that could promise anything")
        expected = {entry.path: entry.sha256 for entry in output.files}
        found = {}
        for path in files(subject.candidate.folder):
            if path.is_file():
                found[path.relative_to(subject.candidate.folder).as_posix()] = file_digest(path)
        problems = [
            f"{name} was changed" for name in sorted(expected) if name in found and found[name] != expected[name]
        ]
        problems += [f"{name} is missing" for name in sorted(set(expected) - set(found))]
        problems += [f"{name} was added" for name in sorted(set(found) - set(expected))]
        if content_digest(output.files) != output.digest:
            problems.append("the manifest's digest does not match its own list of files")
        problems += _rows(subject)
        return verdict(problems, f"all {len(expected)} files are as they were trained", {"files": len(expected)})


def _rows(subject: Subject) -> list[str]:
    """Return what was changed of the base model and the data behind the model."""
    lake = subject.lake
    if lake is None:
        return []
    known = {name: subject.manifests[name] for name in RESTS_ON if name in subject.manifests}
    return [
        f"{name}: {problem}"
        for name, manifest in known.items()
        for output in manifest.outputs.values()
        for problem in altered(lake, output)
    ]
