"""Tables on another S3 service than the lake's."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from collect_support import rows_of
from pydantic import SecretStr

from pipeline.collect import stage
from pipeline.collect.table.files import service
from pipeline.lake import Lake
from pipeline.settings import CollectSettings, LakeSettings, Settings, TableSourceSettings

LAKE = LakeSettings(
    endpoint_url="http://127.0.0.1:9", access_key=SecretStr("lake"), secret_key=SecretStr("s3cret"), region="lake-1"
)


def source(**values: object) -> TableSourceSettings:
    return TableSourceSettings.model_validate({"kind": "table", "name": "articles", "uri": "s3://b/a.csv", **values})


@pytest.mark.parametrize(
    ("values", "endpoint", "region"),
    [
        ({"region": "eu-central-1"}, None, "eu-central-1"),
        ({"endpoint_url": "https://s3.example.com"}, "https://s3.example.com", "lake-1"),
        ({"endpoint_url": "https://s3.example.com", "region": "x"}, "https://s3.example.com", "x"),
    ],
)
def test_a_service_of_its_own_is_not_shown_the_lakes_keys(
    values: dict[str, str], endpoint: str | None, region: str
) -> None:
    own = service(source(**values), LAKE)
    assert (own.endpoint_url, own.region, own.access_key, own.secret_key) == (endpoint, region, None, None)


def test_without_one_the_table_is_where_the_lake_is() -> None:
    assert service(source(), LAKE) is LAKE


def test_rows_are_read_with_the_credentials_of_the_aws_chain(
    s3_settings: LakeSettings, s3_lake: Lake, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = s3_lake.uri("articles", "a.csv")
    s3_lake.write(place, b"question,answer\nWhere is it?,Elsewhere.\n")
    profile = tmp_path / "credentials"
    profile.write_text(
        f"[company]\naws_access_key_id = {s3_settings.access_key.get_secret_value()}\n"
        f"aws_secret_access_key = {s3_settings.secret_key.get_secret_value()}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_PROFILE", "company")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it has read the environment already
    config = source(uri=place, endpoint_url=s3_settings.endpoint_url)
    settings = Settings(lake=LAKE, collect=CollectSettings(sources=[config]))
    manifest = stage.run(settings, lake, run_id="r1", source="articles")
    assert [row["answer"] for row in rows_of(lake, manifest)] == ["Elsewhere."]


def test_two_sources_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="articles"):
        CollectSettings(sources=[source(), source(enabled=False)])
