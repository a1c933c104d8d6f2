"""The values for Kubernetes in docs/production.md: readable, and the passwords are where Airflow can write."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from pipeline.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    section = (PROJECT_ROOT / "docs" / "production.md").read_text().split("\n## Kubernetes\n")[1]
    (block,) = re.findall(r"```yaml\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    return yaml.safe_load(block)


def test_the_passwords_are_copied_to_where_airflow_can_write(values: dict[str, Any]) -> None:
    core, server = values["config"]["core"], values["apiServer"]
    place = PurePosixPath(core["simple_auth_manager_passwords_file"])
    (copying,) = server["extraInitContainers"]
    assert copying["command"][-1] == str(place)
    writable = {volume["name"] for volume in server["extraVolumes"] if "emptyDir" in volume}
    for mounts in (copying["volumeMounts"], server["extraVolumeMounts"]):
        assert str(place.parent) in {mount["mountPath"] for mount in mounts if mount["name"] in writable}


def test_users_of_both_reviews_can_sign_in(values: dict[str, Any]) -> None:
    users = dict(user.split(":") for user in values["config"]["core"]["simple_auth_manager_users"].split(","))
    assert {"model_reviewer", "legal_reviewer"} <= {name for name, role in users.items() if role == "REVIEWER"}
