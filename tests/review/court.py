"""A run as the sign-off sees it: real manifests of stages in a lake, their records in a signed trail, and a policy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from pipeline.audit import AuditLog
from pipeline.audit.records import Head
from pipeline.comply.policy import load_policy
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest
from pipeline.review import decision, signoff
from pipeline.review.evidence import STAGE_COMPLETED, Evidence, completed
from pipeline.settings import AuditSettings, LakeSettings, PublishSettings, Settings
from pipeline.stage import Attempt, run_stage

KEY = SecretStr("key")
POLICY: dict[str, Any] = {
    "version": 1,
    "sign_off": {
        "roles": {"model": {"reviewers": ["ada", "bob"]}, "legal": {"reviewers": ["lex", "ada"]}},
        "max_age_days": 7,
    },
}
MODEL = {"model.safetensors": b"weights", "config.json": b"{}"}


class Forger(AuditLog):
    """Somebody who writes records with a key of their own, or with none, where the pipeline itself would not."""

    def _require_turn(self, last: Head) -> None:
        """Write all the same."""


def settings_in(folder: Path) -> Settings:
    """Return settings whose policy, lake and state lie in a folder."""
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    return Settings(
        policy_file=folder / "policy.yaml",
        state_dir=folder / "state",
        lake=LakeSettings(uri=str(folder / "lake")),
        audit=AuditSettings(signing_key=KEY),
        publish=PublishSettings(repository="acme/model", endpoint="http://127.0.0.1:9"),
    )


def write_files(files: dict[str, bytes], name: str = "report"):
    """Return a stage's work that writes these files as one output."""

    def work(attempt: Attempt) -> None:
        for path, data in files.items():
            attempt.lake.write(attempt.uri(name, path), data)

    return work


@dataclass
class Court:
    """A run with its evidence; each method is one honest step of the pipeline."""

    settings: Settings
    run: str = "llm_pipeline/run-1"
    made: dict[str, Manifest] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=lambda: dict(MODEL))

    @property
    def lake(self) -> Lake:
        return open_lake(self.settings.lake)

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self.lake, self.settings.audit.signing_key)

    @property
    def evidence(self) -> Evidence:
        return Evidence(*(self.made[name] for name in ("tune", "evaluate", "comply")))

    def stage(self, stage: str, work: Any, inputs: dict[str, Manifest] | None = None, seed: str = "") -> Manifest:
        """Run a stage and record it, as a task does."""
        manifest = run_stage(
            self.lake,
            stage,
            work,
            run_id=self.run,
            inputs=inputs,
            parameters={"seed": seed},
            packages=("errors",),
        )
        self.record(manifest)
        self.made[stage] = manifest
        return manifest

    def record(self, manifest: Manifest) -> None:
        self.audit.append(
            STAGE_COMPLETED, actor="pipeline", run_id=self.run, subject=manifest.digest, data=completed(manifest)
        )

    def report(self, **changes: Any) -> bytes:
        """Return the compliance report that lets the model pass under the present policy."""
        policy = load_policy(self.settings.policy_file)
        body = {"verdict": "passed", "reasons": [], "waivers": [], "policy": {"digest": policy.digest}, **changes}
        return json.dumps(body).encode()

    def start(self, starter: str = "scheduler") -> None:
        self.audit.append(signoff.RUN_STARTED, actor=starter, run_id=self.run)

    def ground(self, seed: str = "") -> dict[str, Manifest]:
        """Make what a model is made from; returns what it is judged with."""
        repository = self.stage("repository", write_files({"rows": f"collected {seed}".encode()}, "rows"), seed=seed)
        base = self.stage("base-model", write_files({"weights": f"base {seed}".encode()}, "model"), seed=seed)
        prepared = self.stage(
            "prepare", write_files({"rows": f"cleaned {seed}".encode()}, "rows"), {"repository": repository}, seed
        )
        inputs = {"prepare": prepared, "base-model": base}
        features = self.stage("features", write_files({"rows": f"tokens {seed}".encode()}, "tokens"), inputs, seed)
        return {"base": base, "prepared": prepared, "features": features}

    def candidate(
        self, base: Manifest, features: Manifest, files: dict[str, bytes] | None = None, seed: str = ""
    ) -> Manifest:
        """Train and tune."""
        inputs = {"base-model": base, "features": features}
        trained = self.stage("train", write_files({"adapter": f"learnt {seed}".encode()}, "adapter"), inputs, seed)
        return self.stage("tune", write_files(files or MODEL, "model"), {**inputs, "train": trained}, seed)

    def judge(self, candidate: Manifest, ground: dict[str, Manifest], seed: str = "") -> None:
        """Evaluate and check a candidate."""
        evaluation = self.stage(
            "evaluate",
            write_files({"report.json": b"{}", "of": candidate.digest.encode()}),
            {"candidate": candidate, **ground},
        )
        inputs = {"candidate": candidate, "evaluation": evaluation, **ground, "repository": self.made["repository"]}
        self.stage("comply", write_files({"report.json": self.report()}), inputs, seed=seed)

    def judged(self, candidate: Manifest, ground: dict[str, Manifest]) -> Court:
        """Evaluation, compliance, gate and two approvals, all honest about what they were shown."""
        self.judge(candidate, ground)
        self.gate()
        self.review("model", "ada")
        self.review("legal", "lex")
        return self

    def stranger(self) -> Court:
        """Somebody who writes to the same lake, and whom the pipeline's trail does not know."""
        made = Court(self.settings, run=self.run)
        made.record = lambda manifest: None  # type: ignore[method-assign]
        return made

    def develop(self, model: dict[str, bytes] | None = None, seed: str = "") -> None:
        """Make candidate, evaluation and compliance report, and everything behind them."""
        ground = self.ground(seed)
        self.judge(self.candidate(ground["base"], ground["features"], model, seed), ground, seed)

    def gate(self, verdict: str = "passed") -> None:
        policy = load_policy(self.settings.policy_file)
        signoff.record_gate(
            self.audit,
            run_id=self.run,
            subject=self.evidence.subject,
            verdict=verdict,
            terms=decision.terms(self.settings, policy),
        )

    def ask(
        self,
        role: str,
        task: str | None = None,
        subject: signoff.Subject | None = None,
        due: datetime | None = None,
    ) -> None:
        signoff.open_review(
            self.audit,
            run_id=self.run,
            role=role,
            task=task,
            subject=subject or self.evidence.subject,
            assigned=["ada", "bob", "lex"],
            due=due,
        )

    def shown(self, role: str, task: str | None = None) -> int:
        """Return the number of the newest request for a role and task; 0 when nobody asked."""
        asked = self.audit.find(signoff.REQUESTED, run_id=self.run)
        return max((r.number for r in asked if (r.data["role"], r.data["task"]) == (role, task or role)), default=0)

    def answer(self, role: str, who: str, said: str = "approve", request: int | None = None, **more: Any) -> None:
        signoff.record_answer(
            self.audit,
            run_id=self.run,
            role=role,
            request=self.shown(role, more.get("task")) if request is None else request,
            reviewer=who,
            decision=said,
            comment="seen",
            answers={},
            **more,
        )

    def review(self, role: str, who: str, said: str = "approve", **more: Any) -> None:
        self.ask(role, **more)
        self.answer(role, who, said, **({"task": more["task"]} if "task" in more else {}))

    def prepared(self) -> Court:
        """Everything up to the reviews."""
        self.start()
        self.develop()
        self.gate()
        return self

    def approved(self) -> Court:
        """Everything up to the sign-off."""
        self.prepared()
        self.review("model", "ada")
        self.review("legal", "lex")
        return self

    def sign_off(self, **more: Any) -> list[signoff.Approval]:
        return decision.require_approval(
            self.settings, self.lake, self.audit, run_id=self.run, evidence=self.evidence, **more
        )

    def rewrite_policy(self, **changes: Any) -> None:
        self.settings.policy_file.write_text(yaml.safe_dump({**POLICY, **changes}))


def yesterday() -> str:
    return (date.today() - timedelta(days=1)).isoformat()
