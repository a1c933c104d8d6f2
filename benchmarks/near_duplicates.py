"""Near duplicates by MinHash, side by side: recall, precision, seconds and what each finds, over one set of shingles.

    python benchmarks/near_duplicates.py [--rows 20000] [--threshold 0.8] [--truth 20000] [--ways own datasketch datatrove]

The rows are those of `preparation_rows.py` plus, for one row in ten, a copy with some words changed, so that pairs lie
on both sides of the threshold. Truth is the exact Jaccard similarity of all pairs, from the product of the sparse matrix
of shingles with itself; over `--truth` rows it is not worked out (its time grows with the square) and only times are told.

- own: the bands of `pipeline.prepare.deduplicate`, then the exact similarity of every candidate
- datasketch: its MinHash with 128 permutations in its LSH, at this threshold, as its documentation shows
- datasketch, verified: the same, and then the exact similarity of every pair that it returns
- datatrove: its signature and bucket blocks, cut into datasketch's bands for this threshold; a block links only neighbours
  in a bucket, so what is found are the pairs within the clusters of its links
- datatrove, verified: the same, and then the exact similarity of every pair
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import preparation_rows
import pyarrow as pa

from pipeline.prepare.deduplicate.candidates import distinct, pairs
from pipeline.prepare.deduplicate.components import components
from pipeline.prepare.deduplicate.keys import PAIR_WIDTH, cuts
from pipeline.prepare.deduplicate.minhash import band_hashes
from pipeline.prepare.deduplicate.verify import of_pairs
from pipeline.prepare.deduplicate.words import Ragged, normalised, shingles, words

Found = set[tuple[int, int]]


def texts(count: int) -> list[str]:
    """Return texts of questions with answers, a tenth of them copies in which up to a third of the words changed."""
    chance = random.Random(7)
    made = [f"{row.question} {row.answer}" for row in preparation_rows.made(count - count // 11)]
    copies = []
    for text in chance.sample(made, count // 11):
        parts = text.split()
        for place in chance.sample(range(len(parts)), int(len(parts) * chance.random() / 6)):
            parts[place] = f"word{chance.randrange(10_000)}"
        copies.append(" ".join(parts))
    return made + copies


def truth(sets: Ragged, threshold: float) -> Found:
    """Return all pairs of at least this similarity."""
    from scipy.sparse import csr_matrix

    _, columns = np.unique(sets.values, return_inverse=True)
    matrix = csr_matrix((np.ones(len(columns), np.float32), columns, sets.starts))
    sizes, found = sets.lengths(), set()
    for start in range(0, matrix.shape[0], 500):
        common = (matrix[start : start + 500] @ matrix.T).tocoo()
        left, right = common.row + start, common.col
        similar = common.data >= threshold * (sizes[left] + sizes[right] - common.data) - 1e-6
        kept = similar & (left < right)
        found |= set(zip(left[kept].tolist(), right[kept].tolist(), strict=True))
    return found


def verified(sets: Ragged, left: np.ndarray, right: np.ndarray, threshold: float) -> Found:
    """Return those pairs whose exact similarity reaches the threshold."""
    kept = of_pairs(sets, left, right) >= threshold
    return set(zip(left[kept].tolist(), right[kept].tolist(), strict=True))


def own(sets: Ragged, threshold: float) -> Found:
    """Find pairs as the prepare stage does."""
    bands = band_hashes(sets, cuts(threshold)[0], 1)
    keys, rows = bands.ravel(), np.repeat(np.arange(len(bands)), bands.shape[1])
    used = keys != 0
    order = np.lexsort((rows[used], keys[used]))
    return verified(sets, *distinct(*pairs(keys[used][order].view(np.int64), rows[used][order])), threshold)


def datasketch(sets: Ragged, threshold: float) -> Found:
    """Find pairs with datasketch."""
    from datasketch import MinHash, MinHashLSH

    index, found = MinHashLSH(threshold=threshold, num_perm=128), set()
    for number in range(len(sets.starts) - 1):
        values = sets.values[sets.starts[number] : sets.starts[number + 1]]
        signature = MinHash(num_perm=128)
        signature.update_batch([value.tobytes() for value in values])
        found |= {(other, number) for other in index.query(signature)}
        index.insert(number, signature)
    return found


def datasketch_verified(sets: Ragged, threshold: float) -> Found:
    """Find pairs with datasketch and check each."""
    found = np.array(sorted(datasketch(sets, threshold)) or np.empty((0, 2)), np.int64).reshape(-1, 2)
    return verified(sets, found[:, 0], found[:, 1], threshold)


def datatrove(sets: Ragged, threshold: float) -> Found:
    """Find pairs with datatrove's blocks, given the same shingles; all pairs of each cluster that it links."""
    from datasketch import MinHashLSH
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.utils.hashing import HashConfig

    cut = MinHashLSH(threshold=threshold, num_perm=128)
    config = MinhashConfig(num_buckets=cut.b, hashes_per_bucket=cut.r, hash_config=HashConfig(hash_fc="sha1"))
    with tempfile.TemporaryDirectory() as folder:
        signing = MinhashDedupSignature(f"{folder}/signatures", config=config)
        signing.get_shingles = lambda text: sets.values[sets.starts[int(text)] : sets.starts[int(text) + 1]][:, None]
        signing.run(Document(text=str(number), id=str(number)) for number in range(len(sets.starts) - 1))
        for bucket in range(cut.b):
            blocks = MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)
            blocks.run(rank=bucket, world_size=cut.b)
        links = np.concatenate([np.fromfile(file, "<u4") for file in sorted(Path(folder).glob("buckets/*.dups"))])
    linked = links.reshape(-1, 4)[:, [1, 3]].astype(np.int64)
    members, first = components(linked[:, 0], linked[:, 1])
    groups: dict[int, list[int]] = {}
    for member, name in zip(members.tolist(), first.tolist(), strict=True):
        groups.setdefault(name, []).append(member)
    return {pair for group in groups.values() for pair in combinations(sorted(group), 2)}


def datatrove_verified(sets: Ragged, threshold: float) -> Found:
    """Find pairs with datatrove and check each."""
    found = np.array(sorted(datatrove(sets, threshold)) or np.empty((0, 2)), np.int64).reshape(-1, 2)
    return verified(sets, found[:, 0], found[:, 1], threshold)


WAYS = {way.__name__: way for way in (own, datasketch, datasketch_verified, datatrove, datatrove_verified)}


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--truth", type=int, default=20_000)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    given = parser.parse_args()
    sets = shingles(words(normalised(pa.array(texts(given.rows)))), PAIR_WIDTH)
    real = truth(sets, given.threshold) if given.rows <= given.truth else None
    print(f"{given.rows} rows, {len(sets.values)} shingles, pairs of at least {given.threshold}: {len(real or ())}")
    print(f"{'way':22} {'seconds':>8} {'CPU s':>7} {'rows/s':>9} {'pairs':>8} {'recall':>7} {'precision':>9}")
    for way in map(WAYS.__getitem__, given.ways):
        begun, used = time.perf_counter(), time.process_time()
        found = way(sets, given.threshold)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - used
        right = len(found & real) if real is not None else 0
        scores = f"{right / len(real):7.3f} {right / max(1, len(found)):9.3f}" if real else f"{'-':>7} {'-':>9}"
        print(f"{way.__name__:22} {seconds:8.1f} {cpu:7.1f} {given.rows / seconds:9.0f} {len(found):8} {scores}")


if __name__ == "__main__":
    main()
