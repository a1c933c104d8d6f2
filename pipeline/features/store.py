"""Opening the feature store: the shared one that the `feast` command sees too, and one pinned to a single manifest.

The shared registry moves: the next run points its views at newer data. What a training run reads must not, so every
features manifest carries a registry of its own that names nothing but the manifest's immutable Parquet files.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import LakeError, ServiceError
from pipeline.lake import Lake
from pipeline.manifest import Manifest, digest_of
from pipeline.settings import Settings
from pipeline.whole_file import replacing

if TYPE_CHECKING:
    from feast import FeatureStore

    from pipeline.features.definitions import FeatureSet

OFFLINE_STORE = "pipeline.features.offline_store.LakeOfflineStore"
SNAPSHOT = "registry.pb"
HERE = "manifest:"
"""Stands for the manifest's own place in a pinned registry, so that its bytes do not depend on where it lies."""
_CREDENTIALS = frozenset({"username", "password"})
_CLIENTS = frozenset({"redis", "botocore"})
"""Packages that speak with online stores."""


def configuration(settings: Settings) -> dict[str, Any]:
    """Return the content of `feature_store.yaml` for these settings; it holds no secret of the lake's."""
    folder = settings.state_dir.resolve() / "feast"
    features = settings.features
    online: dict[str, Any] = {"type": features.online_store}
    if features.online_store == "sqlite":
        online["path"] = str(folder / "online.db")
    elif features.online_store == "redis":
        # Feast's default drops a write whose event time is not newer, so a new template would never reach the store
        online["skip_dedup"] = True
    elif features.online_store == "dynamodb":
        online["region"] = settings.lake.region
    registry: dict[str, Any] = {"path": features.registry or str(folder / "registry.db"), "cache_ttl_seconds": 60}
    if "://" in registry["path"] and not registry["path"].startswith(("s3://", "file://")):
        registry["registry_type"] = "sql"
    return {
        "project": features.project,
        "provider": "local",
        "registry": registry,
        "offline_store": {"type": OFFLINE_STORE},
        "online_store": {**online, **features.online_store_options},
        "entity_key_serialization_version": 3,
    }


def online_identity(settings: Settings) -> str:
    """Return what tells this online store from all others, whoever signs in there: a digest of its options."""
    online = {name: _unsigned(value) for name, value in configuration(settings)["online_store"].items()}
    online = {name: value for name, value in online.items() if name not in _CREDENTIALS}
    here = platform.node() if online["type"] == "sqlite" else ""  # a file is another one on another machine
    return digest_of([settings.features.project, here, online])[:16]


def _unsigned(option: Any) -> Any:
    """Return an option without the credentials in it, which change while the place stays: `host:6379,password=x`."""
    if not isinstance(option, str):
        return option
    return ",".join(part for part in option.split(",") if part.partition("=")[0].strip().lower() not in _CREDENTIALS)


@contextmanager
def answering(settings: Settings) -> Iterator[None]:
    """Raise ServiceError when the server of the online store is away or refuses; its clients' words hold no secret."""
    try:
        yield
    except Exception as problem:
        if type(problem).__module__.partition(".")[0] not in _CLIENTS:
            raise
        raise ServiceError(
            f"The online store does not answer as it should: {problem}",
            where=f"features.online_store = {settings.features.online_store}",
            remedy="Check that the server runs and what features.online_store_options says, then run the stage again",
        ) from problem


def open_shared(settings: Settings, lake: Lake) -> FeatureStore:
    """Open the store whose registry every run moves forward; change it only while holding `exclusive`."""
    return _open(configuration(settings), lake, settings.state_dir / "feast")


def open_pinned(settings: Settings, lake: Lake, features: Manifest) -> FeatureStore:
    """Open the store as a features manifest froze it. Raises LakeError when the frozen registry was changed."""
    from feast.protos.feast.core.Registry_pb2 import Registry

    output = features.output("registry")
    entry = next(file for file in output.files if file.path == SNAPSHOT)
    place = f"{output.uri}/{SNAPSHOT}"
    if lake.digest(place) != entry.sha256:
        raise LakeError("The frozen registry is not the one that was written", where=place)
    registry = Registry.FromString(lake.read(place))
    for message in _messages(registry):
        if message.DESCRIPTOR.name == "DataSource":
            message.file_options.uri = features.output(message.file_options.uri.removeprefix(HERE)).uri
    # Feast remembers views by the address of the registry in memory and this id alone: without one of its own, a
    # registry that takes the place of a forgotten one would be answered with the other's views, and so its data.
    registry.version_id = hashlib.sha256(registry.SerializeToString(deterministic=True)).hexdigest()
    folder = settings.state_dir / "feast" / "pinned"
    path = folder / f"{features.key}.db"
    with replacing(path) as partial:
        partial.write_bytes(registry.SerializeToString(deterministic=True))
    config = configuration(settings)
    config["project"] = registry.projects[0].spec.name
    config["coerce_tz_aware"] = False  # our times have zones; pandas takes 20 ms to see that for each retrieval
    config["registry"] = {"path": str(path), "cache_ttl_seconds": 3600}
    config["online_store"] = {"type": "sqlite", "path": str(folder / "unused.db")}
    return _open(config, lake, folder)


def freeze(project: str, features: FeatureSet) -> bytes:
    """Return a registry that knows one feature set and nothing else: equal bytes for equal definitions.

    The URIs of `features` must be the names of the manifest's outputs behind `HERE`.
    """
    from feast import Entity, FeatureService, FeatureView, Project
    from feast.protos.feast.core.Registry_pb2 import Registry

    from pipeline.features.definitions import objects

    registry = Registry(registry_schema_version="1")
    registry.projects.append(Project(name=project).to_proto())
    for item in objects(features):
        proto = item.to_proto()
        proto.spec.project = project
        if isinstance(item, Entity):
            registry.entities.append(proto)
        elif isinstance(item, FeatureService):
            registry.feature_services.append(proto)
        elif isinstance(item, FeatureView):
            registry.feature_views.append(proto)
            proto.spec.batch_source.project = project
            registry.data_sources.append(proto.spec.batch_source)
    for message in list(_messages(registry)):
        if "meta" in message.DESCRIPTOR.fields_by_name:
            message.ClearField("meta")  # holds nothing but times of day
    data: bytes = registry.SerializeToString(deterministic=True)
    return data


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Keep other processes of this machine from changing the shared registry or online store at the same time.

    Feast's registry file is read, changed and written back whole, so two at once would lose one's views. Runs on
    several machines need a SQL registry (`features.registry`), which has transactions of its own.
    """
    folder = settings.state_dir / "feast"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open(config: dict[str, Any], lake: Lake, folder: Path) -> FeatureStore:
    from feast import FeatureStore, RepoConfig

    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("feast").setLevel(logging.WARNING)  # it tells of every look into its registry
    offline = {**config["offline_store"], "lake": lake}
    return FeatureStore(config=RepoConfig(**{**config, "offline_store": offline, "repo_path": folder}))


def _messages(message: Any) -> Iterator[Any]:
    """Yield a protobuf message and all that are in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for item in value if field.is_repeated else [value]:
            yield from _messages(item)
