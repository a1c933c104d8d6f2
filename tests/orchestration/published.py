"""A real store with three published versions, and the lake and trail of their runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from promotions import promote_compared

from pipeline.audit import AuditLog
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.publish.release import release, write_release
from pipeline.publish.store import ModelStore
from pipeline.review.evidence import STAGE_COMPLETED, completed
from pipeline.settings import load
from pipeline.stage import Attempt, run_stage

TOKEN = "hf_release_manager_of_acme"


class Place:
    """Three published versions, and a lake with their candidates."""

    def __init__(self, folder: Path) -> None:
        self.settings = load()
        self.lake: Lake = open_lake(self.settings.lake)
        self.audit = AuditLog(self.lake)
        self.store = ModelStore(self.settings)
        self.candidates: dict[str, str] = {}
        for name in ("v1", "v2", "v3"):
            self.publish(folder / name, name)

    def publish(self, folder: Path, name: str) -> None:
        def work(attempt: Attempt) -> None:
            attempt.lake.write(attempt.uri("model", "model.safetensors"), name.encode())

        candidate = run_stage(self.lake, "tune", work, run_id=name, parameters={"name": name})
        self.candidates[candidate.uri] = name
        model = candidate.output("model").digest

        def build(version: str) -> Path:
            folder.mkdir(exist_ok=True)
            (folder / "model.safetensors").write_bytes(name.encode() * 100)
            content: dict[str, Any] = {
                "version": version,
                "run_id": name,
                "model": model,
                "candidate": candidate.uri,
                "prepared": "p",
            }
            if (head := self.audit.head()).number:
                content["audit"] = head.model_dump()
            write_release(folder, content)
            return folder

        made = release(self.store, build, identity={"run_id": name}, check=lambda pulled: None)
        promote_compared(self.store, self.lake, self.audit, made, run_id=name, model=model, approvals=[])

    def candidate(self, name: str) -> Manifest:
        """Return the manifest of a version's candidate."""
        return load_manifest(self.lake, next(uri for uri, known in self.candidates.items() if known == name))

    def evaluation(self, name: str = "v3") -> Manifest:
        """Evaluate a version, in the run `check`."""

        def work(attempt: Attempt) -> None:
            attempt.lake.write(attempt.uri("report", "report.json"), json.dumps({"of": name}).encode())

        return self._recorded(
            run_stage(self.lake, "evaluate", work, run_id="check", inputs={"candidate": self.candidate(name)})
        )

    def report(self, verdict: str, reasons: list[str], name: str = "v3") -> Manifest:
        """Check a version, in the run `check`."""

        def work(attempt: Attempt) -> None:
            attempt.facts.update(verdict=verdict, reasons=reasons)
            content = json.dumps({"verdict": verdict, "reasons": reasons}).encode()
            attempt.lake.write(attempt.uri("report", "report.json"), content)

        inputs = {"candidate": self.candidate(name), "evaluation": self.evaluation(name)}
        made = run_stage(
            self.lake, "comply", work, run_id="check", inputs=inputs, parameters={"verdict": verdict, "why": reasons}
        )
        return self._recorded(made)

    def _recorded(self, manifest: Manifest) -> Manifest:
        self.audit.append(
            STAGE_COMPLETED, actor="pipeline", run_id="check", subject=manifest.digest, data=completed(manifest)
        )
        return manifest

    def present(self) -> str:
        return str((self.store.production() or {})["version"])
