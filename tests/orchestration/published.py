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
STRANGER = "hf_somebody_without_access"


class Place:
    """Three published versions, and a lake with their candidates."""

    def __init__(self, folder: Path) -> None:
        self.settings = load()
        self.lake: Lake = open_lake(self.settings.lake)
        self.audit = AuditLog(self.lake)
        self.store = ModelStore(self.settings)
        self.candidates: dict[str, str] = {}
        self.ground = self.grounded("")
        for name in ("v1", "v2", "v3"):
            self.publish(folder / name, name)

    def publish(self, folder: Path, name: str) -> None:
        def work(attempt: Attempt) -> None:
            attempt.lake.write(attempt.uri("model", "model.safetensors"), name.encode())

        inputs = {"base-model": self.ground["base"], "features": self.ground["features"]}
        candidate = self._recorded(
            run_stage(self.lake, "tune", work, run_id=name, inputs=inputs, parameters={"name": name}), name
        )
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

    def grounded(self, rows: str) -> dict[str, Manifest]:
        """Make prepared rows, and features of them for the base model."""
        base, repository = self.based("weights"), self._made("repository", f"collected {rows}")
        prepared = self._made("prepare", f"rows {rows}", {"repository": repository})
        features = self._made("features", f"tokens {rows}", {"prepare": prepared, "base-model": base})
        return {"base": base, "prepared": prepared, "features": features}

    def based(self, weights: str) -> Manifest:
        """Make a base model."""
        return self._made("base-model", weights)

    def _made(self, stage: str, content: str, inputs: dict[str, Manifest] | None = None) -> Manifest:
        def work(attempt: Attempt) -> None:
            attempt.lake.write(attempt.uri("rows", "rows"), content.encode())

        parameters = {"content": content}
        made = run_stage(
            self.lake, stage, work, run_id="day", inputs=inputs, parameters=parameters, packages=("errors",)
        )
        return self._recorded(made, "day")

    def candidate(self, name: str) -> Manifest:
        """Return the manifest of a version's candidate."""
        return load_manifest(self.lake, next(uri for uri, known in self.candidates.items() if known == name))

    def evaluation(self, name: str = "v3") -> Manifest:
        """Evaluate a version, in the run `check`."""

        def work(attempt: Attempt) -> None:
            attempt.lake.write(attempt.uri("report", "report.json"), json.dumps({"of": name}).encode())

        inputs = {"candidate": self.candidate(name), **self.ground}
        return self._recorded(run_stage(self.lake, "evaluate", work, run_id="check", inputs=inputs))

    def report(self, verdict: str, reasons: list[str], name: str = "v3") -> Manifest:
        """Check a version, in the run `check`."""

        def work(attempt: Attempt) -> None:
            attempt.facts.update(verdict=verdict, reasons=reasons)
            content = json.dumps({"verdict": verdict, "reasons": reasons}).encode()
            attempt.lake.write(attempt.uri("report", "report.json"), content)

        inputs = {"candidate": self.candidate(name), "evaluation": self.evaluation(name), **self.ground}
        made = run_stage(
            self.lake, "comply", work, run_id="check", inputs=inputs, parameters={"verdict": verdict, "why": reasons}
        )
        return self._recorded(made)

    def _recorded(self, manifest: Manifest, run: str = "check") -> Manifest:
        self.audit.append(
            STAGE_COMPLETED, actor="pipeline", run_id=run, subject=manifest.digest, data=completed(manifest)
        )
        return manifest

    def present(self) -> str:
        return str((self.store.production() or {})["version"])
