"""Local files appear whole or not at all."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pipeline.whole_file import appearing, replacing

FORK = multiprocessing.get_context("fork")
TIMES = 200


def _write_often(path: Path, number: int) -> None:
    for _ in range(TIMES):
        with replacing(path) as partial:
            partial.write_bytes(bytes([number]) * 50_000)


def test_forked_workers_write_one_file_at_once(tmp_path: Path) -> None:
    """Workers of one parent, as Spark's are: whatever they name alike, they would take from each other."""
    path = tmp_path / "new folder" / "file"
    workers = [FORK.Process(target=_write_often, args=(path, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    seen = set()
    while any(worker.is_alive() for worker in workers):
        if path.exists():
            data = path.read_bytes()
            assert len(data) == 50_000
            assert len(set(data)) == 1
            seen.add(data[0])
    assert seen
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert os.listdir(path.parent) == ["file"]


def _die_half_way(path: Path) -> None:
    with replacing(path) as partial:
        partial.write_bytes(b"ha")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"whole")
    worker = FORK.Process(target=_die_half_way, args=(path,))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    assert path.read_bytes() == b"whole"


Writer = Callable[[Path], AbstractContextManager[Path]]


@pytest.mark.parametrize("write", [replacing, appearing])
def test_an_error_while_writing_leaves_nothing(tmp_path: Path, write: Writer) -> None:
    def stop_half_way() -> None:
        with write(tmp_path / "file") as partial:
            partial.write_bytes(b"ha")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_half_way()
    assert os.listdir(tmp_path) == []


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    with replacing(tmp_path / "file") as partial:
        partial.write_bytes(b"secret")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_only_the_first_of_two_files_appears(tmp_path: Path) -> None:
    with appearing(tmp_path / "file") as partial:
        partial.write_bytes(b"first")
    second = appearing(tmp_path / "file")
    second.__enter__().write_bytes(b"second")
    with pytest.raises(FileExistsError):
        second.__exit__(None, None, None)
    assert (tmp_path / "file").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["file"]
