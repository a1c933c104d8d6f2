"""The lake on S3: boto3 for objects and conditional puts, pyarrow's own client for Parquet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from pipeline.errors import LakeError

if TYPE_CHECKING:
    import pyarrow.fs as pafs

    from pipeline.settings import LakeSettings

BODY_ATTEMPTS = 4
MISSING = {"404", "NoSuchKey", "NotFound"}
LOST_RACE = {"412", "409", "PreconditionFailed", "ConditionalRequestConflict"}


class S3Store:
    """Objects below `bucket/prefix` of an S3 service."""

    def __init__(self, bucket: str, prefix: str, settings: LakeSettings) -> None:
        """Credentials come from the settings' secrets or, without them, from the AWS default chain."""
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._settings = settings

    @cached_property
    def _client(self) -> Any:
        secret = self._settings
        return boto3.client(
            "s3",
            endpoint_url=secret.endpoint_url,
            region_name=secret.region,
            aws_access_key_id=secret.access_key.get_secret_value() if secret.access_key else None,
            aws_secret_access_key=secret.secret_key.get_secret_value() if secret.secret_key else None,
            config=Config(
                retries={"mode": "standard", "max_attempts": 6},
                connect_timeout=5,
                read_timeout=60,
                s3={"addressing_style": "path"} if secret.endpoint_url else None,
            ),
        )

    def _call(self, method: str, key: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, method)(Bucket=self._bucket, Key=self._prefix + key, **arguments)
        except BotoCoreError as problem:
            raise self._unreachable(key, problem) from None
        except ClientError as problem:
            if _code(problem) in MISSING | LOST_RACE:
                raise
            raise self._unreachable(key, problem) from None

    def _unreachable(self, key: str, problem: Exception) -> LakeError:
        remedy = (
            "Check lake.endpoint_url (of a table elsewhere, its source's endpoint_url and region), the credentials and "
            "that the service is up (llmops status)"
        )
        if "RequestTimeTooSkewed" in str(problem):
            remedy = "The clocks differ by more than 15 minutes: set this machine's or the service's (llmops doctor)"
        return LakeError(
            f"The object store refused or did not answer: {problem}",
            where=f"s3://{self._bucket}/{self._prefix}{key}",
            remedy=remedy,
        )

    def read(self, key: str) -> bytes:
        """Return an object's bytes."""
        found = self.read_tagged(key)
        if found is None:
            raise LakeError("There is no such object", where=f"s3://{self._bucket}/{self._prefix}{key}")
        return found[0]

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        """Return an object's bytes and ETag, or None."""
        for attempt in range(1, BODY_ATTEMPTS + 1):
            try:
                answer = self._call("get_object", key)
                return answer["Body"].read(), answer["ETag"]
            except ClientError:
                return None
            except (BotoCoreError, HTTPError) as problem:
                # The client tries a request again, but not a body that breaks off while it is read.
                if attempt == BODY_ATTEMPTS:
                    raise self._unreachable(key, problem) from None
        raise AssertionError("not reached")

    def write(self, key: str, data: bytes) -> None:
        """Write an object."""
        self._call("put_object", key, Body=data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless one is there."""
        return self._conditional(key, data, IfNoneMatch="*")

    def swap(self, key: str, data: bytes, etag: str | None) -> bool:
        """Write an object if it still has this ETag."""
        if etag is None:
            return self.put_if_absent(key, data)
        return self._conditional(key, data, IfMatch=etag)

    def _conditional(self, key: str, data: bytes, **condition: str) -> bool:
        try:
            self._call("put_object", key, Body=data, **condition)
        except ClientError as problem:
            # When an answer was lost, the client's own second try loses against its first: look whose content it is.
            tried_again = problem.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
            found = self.read_tagged(key) if tried_again else None
            return found is not None and found[0] == data
        return True

    def copy(self, source: str, target: str) -> None:
        """Copy an object (of at most 5 GB, S3's limit for one call) inside the service."""
        try:
            self._call("copy_object", target, CopySource={"Bucket": self._bucket, "Key": self._prefix + source})
        except ClientError:
            raise LakeError("There is no such object", where=f"s3://{self._bucket}/{self._prefix}{source}") from None

    def upload(self, key: str, file: Path) -> None:
        """Send a file, in parts when it is large."""
        try:
            self._client.upload_file(str(file), self._bucket, self._prefix + key)
        except Exception as problem:
            raise self._unreachable(key, problem) from None

    def download(self, key: str, file: Path) -> None:
        """Fetch an object into a file."""
        try:
            self._client.download_file(self._bucket, self._prefix + key, str(file))
        except Exception as problem:
            raise self._unreachable(key, problem) from None

    def delete(self, keys: list[str]) -> None:
        """Delete objects, a thousand a call."""
        for start in range(0, len(keys), 1000):
            objects = [{"Key": self._prefix + key} for key in keys[start : start + 1000]]
            try:
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
            except (BotoCoreError, ClientError) as problem:
                raise self._unreachable(keys[start], problem) from None
            if answer.get("Errors"):
                first = answer["Errors"][0]
                raise LakeError(f"An object could not be deleted: {first.get('Message')}", where=first.get("Key"))

    def keys(self, prefix: str) -> Iterator[tuple[str, int, str]]:
        """Yield key, size and ETag of every object whose key starts with the prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        try:
            for page in pages:
                for item in page.get("Contents", ()):
                    if not item["Key"].endswith("/"):
                        yield item["Key"][len(self._prefix) :], item["Size"], item["ETag"]
        except (BotoCoreError, ClientError) as problem:
            raise self._unreachable(prefix, problem) from None

    def make_parent(self, key: str) -> None:
        """Do nothing: S3 has no folders."""

    def filesystem(self) -> tuple[pafs.FileSystem, str]:
        """Return pyarrow's S3 client and the root's path in it."""
        import pyarrow.fs as pafs

        secret = self._settings
        arguments: dict[str, Any] = {"region": secret.region}
        if secret.endpoint_url:
            scheme, host = re.split("://", secret.endpoint_url, maxsplit=1)
            arguments |= {"scheme": scheme, "endpoint_override": host.rstrip("/")}
        if secret.access_key and secret.secret_key:
            arguments |= {
                "access_key": secret.access_key.get_secret_value(),
                "secret_key": secret.secret_key.get_secret_value(),
            }
        return pafs.S3FileSystem(**arguments), f"{self._bucket}/{self._prefix}".rstrip("/")


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))
