"""Results in folders outside the lake, and runs that are killed while they put one there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.errors import PipelineError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.prepare import first_seen
from pipeline.prepare.delivery import OUTPUTS, deliver, make_ready
from pipeline.records import SCHEMA, to_batches
from pipeline.stage import Attempt, run_stage

from .without_spark import row

FILES = {*OUTPUTS, "manifest.json", first_seen.NAME}


def result(lake: Lake, word: str, parts: int) -> tuple[Manifest, Manifest]:
    """A repository of one row and a result made of it, whose files hold this word."""

    def repository(attempt: Attempt) -> None:
        rows = list(to_batches([row(word, word)], 10))
        attempt.rows["rows"] = lake.write_batches(attempt.uri("rows", "part-00000.parquet"), rows, SCHEMA)

    def work(attempt: Attempt) -> None:
        for name in OUTPUTS:
            for part in range(parts):
                lake.write(attempt.uri(name, f"part-{part}"), word.encode())

    made = [run_stage(lake, name, work_, run_id=word, packages=("records",), fresh=True) for name, work_ in
            (("repository", repository), ("prepare", work))]  # fmt: skip
    return made[0], made[1]


def held(out: Path, word: str, parts: int) -> bool:
    """Tell whether a folder holds this result, and nothing else."""
    files = [out / name / f"part-{part}" for name in OUTPUTS for part in range(parts)]
    return (
        {item.name for item in out.iterdir()} == FILES
        and sorted(file for name in OUTPUTS for file in (out / name).iterdir()) == sorted(files)
        and all(file.read_text() == word for file in files)
        and known(out, word)
        and Manifest.model_validate_json((out / "manifest.json").read_text()).output("rows").uri == str(out / "rows")
    )


def known(out: Path, word: str) -> bool:
    ids = pq.read_table(out / first_seen.NAME)["question_id"].to_pylist()
    return ids == [row(word, word).question_id]


class Killed(BaseException):
    """A kill in the middle."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the `step`-th change of the folder be the last, half done where it has several parts."""
    left = step

    def counting(real: Callable[..., Any], half: Callable[..., Any] | None = None) -> Callable[..., Any]:
        def change(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left:
                return real(*arguments, **named)
            if half is not None:
                half(*arguments)
            raise Killed

        return change

    def half_gone(folder: Path, **named: Any) -> None:
        for file in sorted(folder.iterdir())[:1] if folder.is_dir() else ():
            file.unlink()

    for owner, name, half in (
        *((Path, name, None) for name in ("rename", "replace", "unlink", "rmdir", "mkdir", "write_text")),
        (shutil, "rmtree", half_gone),
        (Lake, "download", None),
        (first_seen, "write", None),
    ):
        monkeypatch.setattr(owner, name, counting(getattr(owner, name), half))


@pytest.mark.parametrize("again", ["one", None])
def test_wherever_a_run_is_killed_the_next_one_finds_a_whole_result(
    lake: Lake, tmp_path: Path, again: str | None
) -> None:
    """`again` is the result that was there before, if there was one."""
    steps = 0
    for step in range(1, 100):
        out = tmp_path / "results" / str(step)
        if again:
            repository, manifest = result(lake, again, 3)
            deliver(lake, manifest, out, repository)
            assert held(out, again, 3)
        repository, manifest = result(lake, "two", 2)
        with pytest.MonkeyPatch.context() as patch:
            killed_at(step, patch)
            try:
                deliver(lake, manifest, out, repository)
            except Killed:
                steps += 1
        if out.is_dir():
            make_ready(out)
        if again:
            assert known(out, "two") or known(out, again), "the history is lost"
            shown = "two" if known(out, "two") else again
            assert all((out / name / "part-0").read_text() == shown for name in OUTPUTS)
        repository, manifest = result(lake, "two", 2)
        deliver(lake, manifest, out, repository)
        assert held(out, "two", 2)
        if steps < step:
            break
    assert steps > 20


def test_a_folder_with_other_things_is_not_written_into(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(PipelineError, match="holds something else"):
        make_ready(tmp_path)
    make_ready(tmp_path / "new")
    repository, manifest = result(lake, "one", 1)
    deliver(lake, manifest, tmp_path / "new", repository)
    make_ready(tmp_path / "new")
    (tmp_path / "new" / "mine.txt").write_text("keep")
    with pytest.raises(PipelineError, match="holds something else"):
        make_ready(tmp_path / "new")
    (tmp_path / "rows" / "rows").mkdir(parents=True)
    with pytest.raises(PipelineError, match="holds something else"):
        make_ready(tmp_path / "rows")


def test_a_result_of_a_repository_in_the_lake_takes_the_times_of_files_away(lake: Lake, tmp_path: Path) -> None:
    repository, manifest = result(lake, "one", 1)
    deliver(lake, manifest, tmp_path / "out", repository)
    deliver(lake, result(lake, "two", 1)[1], tmp_path / "out", None)
    assert pq.read_table(tmp_path / "out" / first_seen.NAME).num_rows == 0
