"""Git's object formats: ids, trees, commits, LFS pointers.

Every id the store hands out is the one git itself would compute, so that a repository can be exported to git unchanged
and clients that compare local and remote ids agree. Formats: gitformat-tree in "Git Internals - Git Objects" and the
git-lfs pointer specification v1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

FILE_MODE = "100644"
FOLDER_MODE = "40000"
POINTER_PREFIX = b"version https://git-lfs.github.com/spec/v1\n"

Kind = Literal["blob", "tree", "commit"]
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORBIDDEN_SEGMENTS = frozenset({"", ".", ".."})
_MAX_PATH_BYTES = 1024
_MAX_DEPTH = 64


class TreeEntry(NamedTuple):
    """One line of a git tree."""

    mode: str
    name: str
    oid: str

    @property
    def is_folder(self) -> bool:
        """Whether the entry is another tree."""
        return self.mode == FOLDER_MODE


def object_id(kind: Kind, body: bytes) -> str:
    """Return git's SHA-1 id of an object (an identifier fixed by git, not a protection against forgery)."""
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()


def encode_tree(entries: Iterable[TreeEntry]) -> bytes:
    """Return the body of a tree, in git's order: a folder sorts as if its name ended in a slash."""
    ordered = sorted(entries, key=lambda entry: (entry.name + "/" * entry.is_folder).encode())
    return b"".join(f"{e.mode} {e.name}\0".encode() + bytes.fromhex(e.oid) for e in ordered)


def decode_tree(body: bytes) -> list[TreeEntry]:
    """Return the entries of a tree's body."""
    entries = []
    position = 0
    while position < len(body):
        end = body.index(b"\0", position)
        mode, _, name = body[position:end].decode().partition(" ")
        entries.append(TreeEntry(mode, name, body[end + 1 : end + 21].hex()))
        position = end + 21
    return entries


def encode_commit(*, tree: str, parent: str | None, author: str, timestamp: int, message: str) -> bytes:
    """Return the body of a commit by `author` at `timestamp` (seconds since 1970, UTC)."""
    who = f"{author} <{author}@localhost> {timestamp} +0000"
    lines = [f"tree {tree}"]
    if parent:
        lines.append(f"parent {parent}")
    lines += [f"author {who}", f"committer {who}", "", message, ""]
    return "\n".join(lines).encode()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """Return the small text that git keeps in place of a large file."""
    return POINTER_PREFIX + f"oid sha256:{sha256}\nsize {size}\n".encode()


def is_sha256(text: str) -> bool:
    """Whether the text is a lower-case SHA-256 in hexadecimal."""
    return _SHA256.fullmatch(text) is not None


def safe_path(path: str) -> str:
    """Return a path that is safe to check out anywhere, without surrounding slashes.

    Raises ValueError for empty or dot segments, `.git` folders, back slashes, control characters and overlong paths.
    """
    clean = path.strip("/")
    segments = clean.split("/")
    if len(segments) > _MAX_DEPTH:
        raise ValueError(f"the path has more than {_MAX_DEPTH} levels")
    if any(segment in _FORBIDDEN_SEGMENTS or segment.lower() == ".git" for segment in segments):
        raise ValueError(f"{path!r} has an empty, '.', '..' or '.git' segment")
    if "\\" in clean or any(ord(character) < 32 or ord(character) == 127 for character in clean):
        raise ValueError(f"{path!r} has a back slash or a control character")
    try:
        length = len(clean.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{path!r} is not valid Unicode") from None
    if length > _MAX_PATH_BYTES:
        raise ValueError(f"the path is longer than {_MAX_PATH_BYTES} bytes")
    return clean
