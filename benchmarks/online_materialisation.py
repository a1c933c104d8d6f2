"""The first materialisation of token features into an online store that is a file of this machine.

    python benchmarks/online_materialisation.py [--rows 5000 20000] [--length 128]

Time by the clock and of the processor for bringing an empty SQLite store up to a features manifest in a folder, and how
much of it is Feast's own writing, which nothing here can make shorter. What is left is reading: it grows with the rows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from feast import FeatureStore
from feature_retrieval import features

from pipeline.features import registration
from pipeline.lake import open_lake
from pipeline.settings import FeatureSettings, LakeSettings, Settings


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[5_000, 20_000])
    parser.add_argument("--length", type=int, default=128)
    options = parser.parse_args()
    write = FeatureStore.write_to_online_store
    spent = [0.0]

    def timed(*arguments: Any, **named: Any) -> None:
        started = time.process_time()
        write(*arguments, **named)
        spent[0] += time.process_time() - started

    FeatureStore.write_to_online_store = timed
    for count in options.rows:
        with tempfile.TemporaryDirectory() as name:
            place = LakeSettings(uri=str(Path(name) / "lake"))
            lake = open_lake(place)
            settings = Settings(
                state_dir=Path(name) / "state", lake=place, features=FeatureSettings(online_store="sqlite")
            )
            manifest = features(lake, count, options.length)
            spent[0], started, processor = 0.0, time.perf_counter(), time.process_time()
            report = registration.register(settings, lake, manifest, "bench")
            seconds, used = time.perf_counter() - started, time.process_time() - processor
            assert report[manifest.facts["views"]["tokens"]]["written"] == count
            print(
                f"{count:8d} rows {seconds:8.1f} s {used:8.1f} cpu s, {used - spent[0]:.1f} of them not Feast's writing"
            )


if __name__ == "__main__":
    main()
