"""Finding objects of the lake that are not what their manifest promises, and letting their stages rebuild them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import LakeError, Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest, Output, content_digest, load_manifest

MANIFEST = "/manifest.json"


@dataclass(frozen=True, slots=True)
class Damage:
    """An object that is missing, damaged, or a manifest that cannot be read; `manifest` is the one that names it."""

    uri: str
    manifest: str
    stage: str
    what: Literal["missing", "damaged", "unreadable"]


def manifests(lake: Lake) -> Iterator[str]:
    """Yield the URIs of all manifests."""
    for info in lake.objects(lake.root):
        if info.uri.endswith(MANIFEST) and "/attempts/" not in info.uri:
            yield info.uri


def check(lake: Lake, uri: str) -> Iterator[Damage]:
    """Compare every file that a manifest names with its size and SHA-256, and yield what does not hold."""
    try:
        manifest = load_manifest(lake, uri)
    except LakeError:
        yield Damage(uri, uri, lake.key(uri).split("/")[0], "unreadable")
        return
    for output in manifest.outputs.values():
        for file in output.files:
            place = f"{output.uri}/{file.path}"
            what = _state(lake, place, file.size, file.sha256)
            if what is not None:
                yield Damage(place, uri, manifest.stage, what)


def _state(lake: Lake, uri: str, size: int, sha256: str) -> Literal["missing", "damaged"] | None:
    found = lake.stat(uri)
    if found is None:
        return "missing"
    return None if found.size == size and lake.digest(uri) == sha256 else "damaged"


def release(lake: Lake, found: list[Damage]) -> list[str]:
    """Delete the manifests that name damage, so that their stages work again at the next run; return them.

    What a stage makes again has the same digest as before, so the stages after it find their manifests unchanged.
    Manifests that took over a damaged file from an earlier one are among those that name it.
    """
    named = sorted({damage.manifest for damage in found})
    lake.delete(named)
    return named


def altered(lake: Lake, output: Output) -> list[str]:
    """Return which files of an output are not, byte for byte, what its manifest promises."""
    present = {info.uri[len(output.uri.rstrip("/")) + 1 :]: info.uri for info in lake.objects(output.uri)}
    promised = {file.path: file.sha256 for file in output.files}
    found = [f"the file {name} was added after its stage" for name in sorted(set(present) - set(promised))]
    for name, sha256 in sorted(promised.items()):
        if name not in present:
            found.append(f"the file {name} is missing")
        elif lake.digest(present[name]) != sha256:
            found.append(f"the file {name} was changed after its stage")
    if content_digest(output.files) != output.digest:
        found.append("the manifest's digest does not match its own list of files")
    return found


def require_unaltered(lake: Lake, manifest: Manifest, *names: str) -> None:
    """Raise Refused unless these outputs of a manifest (all without names) are what their stage wrote.

    For a stage whose result would otherwise rest on rows that somebody changed in the lake after they were checked.
    """
    for name, output in manifest.outputs.items():
        problems = altered(lake, output) if not names or name in names else []
        if problems:
            raise Refused(
                f"{manifest.stage}: {problems[0]}",
                where=output.uri,
                remedy="Find out who writes to the lake; llmops lake verify names every file that was changed",
            )
