"""deploy/Dockerfile: whatever settings and policy name is in the image, at the place where it is looked for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pipeline.comply.governance import FILES, FOLDER
from pipeline.comply.policy import load_policy
from pipeline.comply.sbom import pins
from pipeline.settings import PROJECT_ROOT, load

WORKDIR = "/opt/llmops"


def final_stage() -> str:
    return (PROJECT_ROOT / "deploy" / "Dockerfile").read_text().split("\nFROM ")[-1]


def copied() -> dict[str, Path]:
    """Return the places of the final image, by absolute path, with the project's file that each is a copy of."""
    found: dict[str, Path] = {}
    for arguments in re.findall(r"^COPY (?!--from)(.+)$", final_stage(), re.MULTILINE):
        *sources, target = arguments.split()
        for source in sources:
            place = f"{WORKDIR}/{target.removeprefix('./')}"
            place = f"{place.rstrip('/')}/{Path(source).name}" if target.endswith("/") else place
            path = PROJECT_ROOT / source
            found |= {place: path} if path.is_file() else {f"{place}/{child.name}": child for child in path.iterdir()}
    return found


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The paths that the image's settings and its policy name."""
    monkeypatch.setenv("LLMOPS_CONFIG", str(PROJECT_ROOT / "llmops.production.toml"))
    settings = load()
    policy = load_policy(settings.policy_file)
    chain = policy.supply_chain
    names = [settings.policy_file.name, chain.lock, *([chain.advisories] if chain.advisories else [])]
    return {f"{WORKDIR}/{name}" for name in names} | {f"{WORKDIR}/{FOLDER}/{file}" for file, _ in FILES.values()}


def test_what_an_image_installs_beside_the_pipeline_is_an_extra_and_pinned() -> None:
    text = (PROJECT_ROOT / "deploy" / "Dockerfile").read_text()
    [default] = re.findall(r'^ARG EXTRAS="([\w,]+)"$', text, re.MULTILINE)
    assert '".[$EXTRAS]"' in text
    extras = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pinned = pins(PROJECT_ROOT / "constraints.txt")
    assert default == "production"
    assert {package for name in ("production", "gpu") for package in extras[name]} <= set(pinned)


def test_every_file_that_settings_and_policy_name_is_copied(named: set[str]) -> None:
    assert named <= set(copied())


def test_what_the_environment_names_is_copied() -> None:
    places = copied()
    variables = dict(re.findall(r"([A-Z_]+)=(\S+)", final_stage()))
    assert places[variables["LLMOPS_CONFIG"]].name == "llmops.production.toml"
    assert f"{variables['AIRFLOW__CORE__DAGS_FOLDER']}/llm_pipeline.py" in places


def test_java_is_found_on_the_path() -> None:
    """Spark goes by JAVA_HOME whenever it is set; the folder that Debian's package makes is named by architecture."""
    assert "openjdk-17-jre-headless" in final_stage()
    assert "JAVA_HOME" not in final_stage()


def test_every_variable_of_compose_is_explained() -> None:
    used = re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (PROJECT_ROOT / "docker-compose.yaml").read_text())
    example = (PROJECT_ROOT / "deploy" / "env.example").read_text()
    assert set(used) - set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", example, re.MULTILINE)) == set()
