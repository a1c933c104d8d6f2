from __future__ import annotations

import pytest

from pipeline.errors import LakeError
from pipeline.lake import Lake, open_lake


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_copies_inside_the_lake(kind: str, lake: Lake, request: pytest.FixtureRequest) -> None:
    store = lake if kind == "folder" else open_lake(request.getfixturevalue("s3_settings"))
    source = store.write(store.uri("copies", "from here"), b"x" * 100_000)
    assert store.copy(source, store.uri("copies", "deep", "to there")) == store.uri("copies", "deep", "to there")
    assert store.read(store.uri("copies", "deep", "to there")) == b"x" * 100_000
    store.delete([source])
    assert store.exists(store.uri("copies", "deep", "to there"))
    with pytest.raises(LakeError, match="no such object"):
        store.copy(source, store.uri("copies", "again"))
