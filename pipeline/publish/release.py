"""The release protocol: one commit, pulled back and verified, and the tag last. The alias is moved by `alias`.

Every step can be taken again: a release that was killed after its tag finds that tag; one that was killed before it
starts over, and its leftover commit is no version.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import Refused, StoreError
from pipeline.log import get_logger
from pipeline.model_folder import file_digest
from pipeline.publish import signature
from pipeline.publish.calls import BranchMoved, DamagedError
from pipeline.publish.ledger import Ledger
from pipeline.publish.signature import SIGNATURE_FILE
from pipeline.publish.store import KEPT, RELEASE_FILE, ModelStore, Version

log = get_logger(__name__)
ATTEMPTS = 5
SMALL = (RELEASE_FILE, SIGNATURE_FILE)
"""What the release record cannot list: itself, and what is made over it."""


def release(
    store: ModelStore,
    build: Callable[[str], Path],
    *,
    identity: Mapping[str, str],
    check: Callable[[Path], None],
    ledger: Ledger | None = None,
) -> Version:
    """Publish a folder as the next version and return it; production is not touched.

    `build(version)` makes the folder, with `release.json` in it, for a version's name; `identity` are the entries of
    `release.json` that tell this release from any other; `check(folder)` asks the pulled-back model and raises when it
    does not answer as it did. With a `ledger` names that the audit trail knows are not given again, and a version that
    is found counts only if it notes its commit. Raises Refused when verification fails (the commit is withdrawn) or the
    repository is public and should be private, StoreError when the store does not work.
    """
    store.ensure()
    for _ in range(ATTEMPTS):
        try:
            return _committed(store, build, identity, check, ledger)
        except BranchMoved as problem:
            log.warning("the store moved on, trying again", cause=problem.what)
    raise StoreError("The model store is too busy", where=store.url(), remedy="Run the release again")


def _committed(
    store: ModelStore,
    build: Callable[[str], Path],
    identity: Mapping[str, str],
    check: Callable[[Path], None],
    ledger: Ledger | None,
) -> Version:
    versions = store.versions()
    for version in versions:
        if _is(store, version, identity):
            _still(store, version, check)
            if ledger is not None:
                ledger.require(version)
            return version
    taken = [versions[-1].number if versions else 0, ledger.highest() if ledger else 0]
    name = f"v{max(taken) + 1}"
    before = store.head()
    if before is None:
        raise StoreError("The repository has no main branch", where=store.url())
    # A commit that a killed release left untagged is simply followed by a new one: the store keeps equal files once.
    folder = build(name)
    commit = store.commit(folder, f"Release {name}", before)
    try:
        verify(store, commit, folder, check)
    except Refused:
        # Not to the commit before: a killed release may have left that, and nobody verified it.
        store.revert(commit, versions[-1].commit if versions else None)
        raise
    if ledger is not None:
        ledger.note(name, commit)
    return store.tag(name, commit, f"Verified release {name}")


def _still(store: ModelStore, version: Version, check: Callable[[Path], None]) -> None:
    """A tag and a release file can be put there by others, so a version that is found is looked at like a new one."""
    with tempfile.TemporaryDirectory(prefix="llmops-found-") as scratch:
        intact(store, version.commit, Path(scratch))
        check(Path(scratch))


def _is(store: ModelStore, version: Version, identity: Mapping[str, str]) -> bool:
    try:
        found = store.release(version.commit)
    except DamagedError as problem:  # whatever it is, it is no release of ours
        log.warning("a version's release file cannot be read", version=version.name, cause=problem.what)
        return False
    return found is not None and all(found.get(key) == value for key, value in identity.items())


def verify(store: ModelStore, commit: str, folder: Path, check: Callable[[Path], None]) -> None:
    """Pull a commit back, compare every file's SHA-256 with the release record that was sent, and ask the model again.

    Raises Refused naming the first file that differs, is missing or is too much.
    """
    scratch = Path(tempfile.mkdtemp(prefix="llmops-verify-"))
    try:
        received = pull(store, commit, scratch)
        small = {name: file_digest(folder / name) for name in SMALL if (folder / name).is_file()}
        compare(small, {name: received[name] for name in SMALL if name in received})
        as_released(scratch, received)
        check(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def compare(sent: Mapping[str, str], received: Mapping[str, str]) -> None:
    """Raise Refused unless both listings of files and hashes are the same."""
    for name in sorted(set(sent) | set(received)):
        if sent.get(name) != received.get(name):
            what = "differs" if name in sent and name in received else "is missing" if name in sent else "is too much"
            raise Refused(
                f"The published model is not the one that was sent: {name} {what}",
                where=name,
                remedy="The release was withdrawn; look for who else writes to the model store",
            )


def folder_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a folder.

    Raises Refused at a link: what it points to is not among the bytes that were reviewed.
    """
    hashes = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise Refused(f"The file {name} is a link, not a file", where=str(folder))
        if path.is_file():
            hashes[name] = file_digest(path)
    return hashes


def pull(store: ModelStore, revision: str, folder: Path) -> dict[str, str]:
    """Download a revision and return the SHA-256 of every file that it has, besides what the store itself keeps."""
    store.download(revision, folder)
    names = set(store.files(revision)) - KEPT
    bookkeeping = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in bookkeeping:
        if path.relative_to(folder).as_posix() not in names:
            path.unlink()
    return folder_hashes(folder)


def write_release(folder: Path, content: Mapping[str, Any]) -> None:
    """Write `release.json`: what this version is, with the hash of every other file."""
    body = {**content, "files": {n: h for n, h in folder_hashes(folder).items() if n not in SMALL}}
    (folder / RELEASE_FILE).write_text(json.dumps(body, indent=2, sort_keys=True), encoding="utf-8")


def intact(store: ModelStore, revision: str, folder: Path, verify_key: str | None = None) -> dict[str, Any]:
    """Pull a version into a folder and return its release record, after comparing every file with it.

    With a public key the signature over all files is checked too. Raises Refused when there is no record, a file
    differs, is missing or is too much, or the signature does not hold.
    """
    return as_released(folder, pull(store, revision, folder), verify_key)


def as_released(folder: Path, found: Mapping[str, str], verify_key: str | None = None) -> dict[str, Any]:
    """Return the release record of a pulled folder with the file hashes `found`; raises Refused like `intact`."""
    content = _record(folder)
    if verify_key is not None:
        signature.check(folder / SIGNATURE_FILE, found, verify_key)
    compare(content["files"], {n: h for n, h in found.items() if n not in SMALL})
    return content


def _record(folder: Path) -> dict[str, Any]:
    file, remedy = folder / RELEASE_FILE, "Publish it with this pipeline"
    if not file.is_file():
        raise Refused(f"The version has no {RELEASE_FILE}", where=str(folder), remedy=remedy)
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise Refused(f"The version's {RELEASE_FILE} lists no files", where=str(folder), remedy=remedy)
    return content
