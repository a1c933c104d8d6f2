"""Which files of a table are one document."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.collect.table.files import TableFile


@dataclass(slots=True)
class Group:
    """The files of one document: a file, or a folder whose file names an engine makes up at each write."""

    document_id: str
    files: list[TableFile] = field(default_factory=list)

    def tags(self) -> dict[str, str]:
        """Return each file's tag by its path."""
        return {file.path: file.tag for file in self.files}


def folder_of(file: TableFile) -> str:
    """Return what a file's columns are remembered by: its folder when its name is generated, else its path."""
    return file.path.rpartition("/")[0] if file.generated else file.path


def groups_of(files: list[TableFile], *, named: bool) -> list[Group]:
    """Return the documents that files make; `named`: the settings name a file, whose name therefore stays.

    A generated name is no identity even when there is one such file: the next write gives another name, or two.
    """
    groups: dict[str, Group] = {}
    for file in files:
        name = file.uri.rpartition("/")[0] + "/" if file.generated and not named else file.uri
        groups.setdefault(name, Group(name)).files.append(file)
    return [groups[name] for name in sorted(groups)]
