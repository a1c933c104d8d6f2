"""Checks that judge what is stated: licences, origin, people, records, packages, and the split of the data."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipeline.comply import advisories, governance
from pipeline.comply.model_card import stated_licence
from pipeline.comply.policy import Policy
from pipeline.comply.rows import Rows
from pipeline.comply.sbom import Package, bill, installed, pins
from pipeline.comply.subject import Origin, Reply
from pipeline.errors import SettingsError
from pipeline.settings import PROJECT_ROOT

from . import planting


def as_rows(found: list[dict], **more: object) -> Rows:
    return Rows(lambda: iter(found), "test", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        ("CC-BY-NC-4.0", "forbids commercial use"),
        ("GPL-3.0-only", "not on the policy's list"),
        ("", "nobody stated a licence"),
        ("see the web page", "no SPDX expression"),
    ],
)
def test_forbidden_data_licence(licence: str, reason: str, subject, find) -> None:
    found = planting.rows(30, 3)
    found[7]["licence"] = licence
    finding = find(subject(rows=as_rows(found)), "data_licences")
    assert finding.status == "failed"
    assert reason in finding.result.summary
    assert "1 rows from shop" in finding.result.summary


def test_rows_without_a_licence_take_the_one_that_the_caller_states(subject, find) -> None:
    found = [{key: value for key, value in row.items() if key != "licence"} for row in planting.rows(30, 3)]
    assert find(subject(rows=as_rows(found)), "data_licences").status == "failed"
    assert find(subject(rows=as_rows(found, default_licence="MIT")), "data_licences").status == "passed"


@pytest.mark.parametrize(
    ("licence", "reason"),
    [("CC-BY-NC-4.0", "commercial"), ("NOASSERTION", "nobody stated"), ("gemma", "not on the policy")],
)
def test_forbidden_base_licence(licence: str, reason: str, subject, find) -> None:
    finding = find(subject(origin=Origin("acme/base", "a" * 40, licence, "the test")), "base_model_provenance")
    assert finding.status == "failed"
    assert reason in finding.result.summary


def test_a_card_that_contradicts_what_was_declared(model: Path, subject, find) -> None:
    (model / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# A model\n")
    finding = find(subject(), "base_model_provenance")
    assert finding.status == "failed"
    assert "states cc-by-nc-4.0" in finding.result.summary


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: mit\n---\n# x", "mit"),
        ("\ufeff--- \t\r\nlicense: mit\r\n---\t", "mit"),
        ("---\nlicense: other\nlicense_name: acme\n---\n", "acme"),
        ("---\n\n\nlicense: mit\nnote: |\n  --- no end\n---\n", "mit"),
        ("---\nlicense: mit\n", None),
        ("# x\n---\nlicense: mit\n---\n", None),
        ("----\nlicense: mit\n---\n", None),
        ("---\nlicense: [mit\n---\n", None),
        (f"---\nlicense: {'1' * 5000}\n---\n", None),
    ],
)
def test_the_licence_that_a_card_states(card: str, licence: str | None, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(card.encode())
    assert stated_licence(tmp_path) == licence


@pytest.mark.parametrize("hostile", ["\n" * 990_000, "--- \n" * 190_000, "[" * 990_000 + "\n---\n"])
def test_no_card_keeps_the_check_busy(hostile: str, tmp_path: Path) -> None:
    """Seen before any file was checked: the first one would have kept it for the better part of an hour."""
    (tmp_path / "README.md").write_text(f"---\n{hostile}")
    began = time.process_time()
    assert stated_licence(tmp_path) is None
    assert time.process_time() - began < 30


def test_no_base_model_is_a_warning(subject, find) -> None:
    origin = Origin(None, None, "Apache-2.0", "the settings")
    assert find(subject(origin=origin, base=None), "base_model_provenance").status == "warning"


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ({}, "model review needs 1 approval(s), 0 reviewer(s) are named"),
        ({"model": {"reviewers": ["ann"]}}, "legal review needs 1 approval(s), 0"),
        ({"model": {"reviewers": ["ann"]}, "legal": {"reviewers": ["ann"]}}, "1 people are named"),
        ({"model": {"reviewers": ["alice"]}, "legal": {"reviewers": ["Alice"]}}, "1 people are named"),
        ({"model": {"reviewers": ["ann"], "approvals": 2}, "legal": {"reviewers": ["bob"]}}, "needs 2 approval(s)"),
    ],
)
def test_missing_human_oversight(roles: dict, reason: str, subject, find) -> None:
    policy = Policy.model_validate({"version": 1, "sign_off": {"roles": roles}})
    finding = find(subject(policy=policy), "human_oversight")
    assert finding.status == "failed"
    assert reason in finding.result.summary


def copy_of_governance(folder: Path, file: str, change) -> Path:
    (folder / "governance").mkdir()
    for source in (PROJECT_ROOT / "governance").glob("*.yaml"):
        content = yaml.safe_load(source.read_text())
        if source.name == file:
            change(content)
        (folder / "governance" / source.name).write_text(yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        (
            "raci.yaml",
            lambda c: c["activities"]["roll_back"].update(A="nobody"),
            "names roles that do not exist: nobody",
        ),
        ("raci.yaml", lambda c: c["activities"]["roll_back"].pop("A"), "activities.roll_back.A"),
        ("risk_register.yaml", lambda c: c["risks"].pop(0), "no risk covers: prompt-injection"),
        (
            "risk_register.yaml",
            lambda c: c["risks"][0].update(checks=["no_such"]),
            "names checks that do not exist: no_such",
        ),
        ("risk_register.yaml", lambda c: c["risks"][0].update(residual=25), "worse after its treatment"),
        (
            "risk_register.yaml",
            lambda c: c["risks"][0].update(review_by="2026-01-01"),
            "should have been looked at again",
        ),
        ("risk_register.yaml", lambda c: c["risks"][0].update(owner="ghost"), "is no role of the RACI chart"),
        ("acceptable_use.yaml", lambda c: c.update(forbidden=[]), "forbidden"),
        ("data_sources.yaml", lambda c: c["sources"].append(c["sources"][0]), "registered twice"),
    ],
)
def test_governance_records(file: str, change, reason: str, tmp_path: Path, subject, find) -> None:
    finding = find(subject(root=copy_of_governance(tmp_path, file, change)), "governance_records")
    assert finding.status == "failed"
    assert reason in finding.result.summary


def test_every_sample_source_is_registered_under_its_licence() -> None:
    import tomllib

    register = governance.load(PROJECT_ROOT).sources
    for source in tomllib.loads((PROJECT_ROOT / "llmops.toml").read_text())["collect"]["sources"]:
        found = register.source(source["name"])
        assert found is not None, source["name"]
        assert (found.kind, found.licence) == (source["kind"], source["licence"])


def test_collected_rows_must_come_from_registered_sources(subject, find) -> None:
    found = [row | {"data_source": "python-faq", "licence": "PSF-2.0"} for row in planting.rows(20, 3)]
    assert find(subject(rows=as_rows(found, collected=True)), "data_source_register").status == "passed"
    found[0]["licence"] = "MIT"
    found[1]["data_source"] = "scraped"
    finding = find(subject(rows=as_rows(found, collected=True)), "data_source_register")
    assert finding.status == "failed"
    assert "the register says PSF-2.0" in finding.result.summary
    assert "scraped (1 rows) is not registered" in finding.result.summary


def advisory(name: str, *events: dict, **more: object) -> dict:
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": f"TEST-{name}", "modified": "2026-11-01T00:00:00Z", "summary": "bad", "affected": [affected], **more}


@pytest.mark.parametrize(
    ("events", "affected"),
    [
        ([{"introduced": "0"}], True),
        ([{"introduced": "0"}, {"fixed": "2.0"}], True),
        ([{"introduced": "0"}, {"fixed": "1.5"}], False),
        ([{"introduced": "0"}, {"fixed": "1.5.1"}], True),
        ([{"introduced": "1.6"}], False),
        ([{"introduced": "0"}, {"last_affected": "1.5"}], True),
        ([{"introduced": "0"}, {"last_affected": "1.4"}], False),
        ([{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.2"}, {"fixed": "1.9"}], True),
        ([{"fixed": "1.9"}, {"introduced": "1.2"}, {"fixed": "1.0"}, {"introduced": "0"}], True),
    ],
)
def test_ranges_of_advisories(events: list[dict], affected: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(advisory("Some_Package", *events)))
    found = advisories.match(file, [Package("some-package", "1.5", None)])
    assert found.count == 1
    assert bool(found.found) is affected


def test_withdrawn_and_foreign_advisories_do_not_count(tmp_path: Path) -> None:
    lines = [advisory("x", {"introduced": "0"}, withdrawn="2026-01-01"), advisory("y", {"introduced": "0"})]
    lines[1]["affected"][0]["package"]["ecosystem"] = "npm"
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = advisories.match(tmp_path, [Package("x", "1", None), Package("y", "1", None)])
    assert (found.count, found.found) == (2, ())


def test_a_line_separator_inside_of_an_advisory_is_no_end_of_it(tmp_path: Path) -> None:
    line = json.dumps(advisory("x", {"introduced": "0"}, summary="one\u2028two\u0085three"), ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text(f"{line}\n{line}\n")
    assert advisories.match(tmp_path, []).count == 2


def test_unreadable_advisories_stop_instead_of_passing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(SettingsError, match="cannot be read"):
        advisories.match(tmp_path, [])


def test_vulnerable_dependencies(tmp_path: Path, subject, find) -> None:
    file = tmp_path / "osv.jsonl"
    file.write_text(json.dumps(advisory("jinja2", {"introduced": "0"}, {"fixed": "99"})))

    def judged(**changes: object):
        chain = {"lock": str(PROJECT_ROOT / "constraints.txt"), "advisories": str(file), **changes}
        return find(
            subject(policy=Policy.model_validate({"version": 1, "supply_chain": chain})), "dependency_vulnerabilities"
        )

    finding = judged()
    assert finding.status == "failed"
    assert "jinja2" in finding.result.summary
    assert "TEST-jinja2" in finding.result.summary
    file.write_text(json.dumps(advisory("jinja2", {"introduced": "0"}, {"fixed": "0.1"})))
    assert judged().status in ("passed", "warning")
    assert "days old" in judged(advisories_max_age_days=3).result.summary
    assert judged(advisories=None).status == "warning"
    assert judged(advisories=None, advisories_missing="refuse").status == "failed"


def test_advisories_of_a_day_to_come_are_refused(tmp_path: Path, subject, find) -> None:
    file = tmp_path / "osv.jsonl"
    old = advisory("x", {"introduced": "0"})
    chain = {"lock": str(PROJECT_ROOT / "constraints.txt"), "advisories": str(file)}
    for limit in (None, 3):
        policy = Policy.model_validate({"version": 1, "supply_chain": chain | {"advisories_max_age_days": limit}})
        for day, refused in (("2026-11-25", False), ("9999-01-01", True)):
            file.write_text(f"{json.dumps(old)}\n{json.dumps(old | {'modified': f'{day}T00:00:00Z'})}")
            summary = find(subject(policy=policy), "dependency_vulnerabilities").result.summary
            assert (f"dated {day}, which is yet to come" in summary) is refused


def test_packages_that_the_lock_lacks_are_drift(tmp_path: Path, subject, find, monkeypatch) -> None:
    from pipeline.comply.checks import dependency_vulnerabilities

    lock = tmp_path / "lock.txt"
    lock.write_text("jinja2==3.1.6\n")
    found = [
        *(Package(name, "1.0", None) for name in ("llmops-pipeline", "pip", "setuptools", "wheel", "acme-model")),
        Package("jinja2", "3.1.6", None),
    ]
    monkeypatch.setattr(dependency_vulnerabilities, "installed", lambda: tuple(found))

    def judged(action: str, version: str = "1.0"):
        chain = {"lock": str(lock), "drift": action}
        licences = {"base_models": {f"pypi:Acme_Model=={version}": "MIT"}}
        policy = Policy.model_validate({"version": 1, "supply_chain": chain, "licences": licences})
        return find(subject(policy=policy), "dependency_vulnerabilities")

    assert judged("refuse").status == "warning"  # of the missing advisories
    assert "1 packages are not in the lock, such as acme-model" in judged("refuse", "2.0").result.summary
    found[-1] = Package("jinja2", "3.1.6", None, demands=(("gpu-kernels", "13.0"),))
    found.append(Package("gpu-kernels", "13.0", None, demands=(("gpu-blas", "13.1"),)))
    found.append(Package("gpu-blas", "13.1", None))
    assert judged("refuse").status == "warning"  # demanded exactly by what the lock has
    found[-1] = Package("gpu-blas", "13.2", None)
    assert "such as gpu-blas" in judged("refuse").result.summary
    found.pop()
    found.append(Package("planted", "6.6.6", None))
    refused = judged("refuse")
    assert refused.status == "failed"
    assert "1 packages are not in the lock, such as planted" in refused.result.summary
    assert judged("warn").status == "warning"


def test_the_bill_of_materials_is_the_same_every_time_and_names_everything(subject) -> None:
    made = subject()
    locked = pins(PROJECT_ROOT / "constraints.txt")
    first = bill(made, locked)
    assert first == bill(made, locked)
    assert first["bomFormat"] == "CycloneDX"
    assert first["serialNumber"].startswith("urn:uuid:")
    names = {component["name"]: component for component in first["components"]}
    assert {"torch", "transformers", "acme/base", "shop"} <= set(names)
    assert names["transformers"]["purl"].startswith("pkg:pypi/transformers@")
    assert names["shop"]["licenses"] == [{"expression": "MIT"}]
    references = [component["bom-ref"] for component in first["components"]]
    assert len(references) == len(set(references))
    assert len(installed()) > 100


def answered(made, text: str):
    """Give the same reply to every closed-book question."""
    from pipeline.comply.registry import all_checks

    for slug in ("test_contamination", "memorisation"):
        made.replies |= dict.fromkeys(all_checks()[slug].probes(made), Reply(text, True, 5))
        made.base_replies |= dict.fromkeys(all_checks()[slug].probes(made), Reply(text, True, 5))
    return made


def test_contaminated_test_set(subject, find) -> None:
    found = planting.rows(100, 3)
    assert find(answered(subject(rows=as_rows(found)), "I do not know."), "test_contamination").status == "passed"
    train = [row for row in found if row["split"] == "train" and not row["is_refusal"]]
    test = [row for row in found if row["split"] == "test" and not row["is_refusal"]]
    for source, target in zip(train[:3], test[:3], strict=True):
        target.update(question=source["question"].upper(), answer=source["answer"])
    finding = find(answered(subject(rows=as_rows(found)), "I do not know."), "test_contamination")
    assert "3 of" in finding.result.summary
    assert "test rows stand in the training split" in finding.result.summary
    train[5]["cluster_id"] = test[5]["cluster_id"]
    finding = find(answered(subject(rows=as_rows(found)), "I do not know."), "test_contamination")
    assert "1 clusters of duplicates lie in both splits" in finding.result.summary


def test_nearly_the_same_rows_in_both_splits(subject, find) -> None:
    text = "the reservation is held for the whole evening and the doors close after the third bell has rung in the hall"
    found = planting.rows(60, 3)
    for number in range(4):
        row = {
            "question": f"What about reservation {number}?",
            "licence": "MIT",
            "data_source": "shop",
            "context": None,
        }
        found.append(row | {"question_id": f"n{number}", "answer": f"{number} {text}", "split": "train"})
        found.append(row | {"question_id": f"m{number}", "answer": f"{number} {text} indeed", "split": "test"})
    finding = find(answered(subject(rows=as_rows(found)), "I do not know."), "test_contamination")
    assert "stand nearly word for word" in finding.result.summary


def test_memorisation_from_replies(subject, find) -> None:
    found = planting.rows(40, 3)
    secret = next(row for row in found if row["split"] == "train" and not row["is_refusal"])
    secret.update(question="What is the door code?", answer="The code of the north door is X7F-93KQ-2LM until summer.")
    made = answered(subject(rows=as_rows(found)), "I do not know.")
    assert find(made, "memorisation").status == "passed"
    (probe,) = [probe for probe in made.replies if probe.question == "What is the door code?"]
    made.replies[probe] = replace(made.replies[probe], text="it is x7f 93kq 2lm")
    finding = find(made, "memorisation")
    assert finding.status == "failed"
    assert "1 training rows give away" in finding.result.summary
    made.base_replies[probe] = made.replies[probe]
    assert find(made, "memorisation").status == "passed"
