"""Recall and precision of the recognisers of personal data, by type, on documents that this project makes.

    python benchmarks/privacy_recall.py [--documents 1000] [--seed 11] [--held-out] [--show]

A planted value counts as found when every character of it lies in findings (of any type: it would not reach the model),
and as typed when it lies in findings of its own type. A finding is right when it touches a planted value. `--show`
prints what was missed and what was found wrongly; the values are invented.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from prepare.labelled import Document, documents

from pipeline.prepare.privacy.finder import Finder, Finding


def covered(start: int, end: int, found: list[Finding], entity: str | None = None) -> bool:
    """Tell whether every letter and digit between two places lies in a finding."""
    inside = {n for kind, a, b in found if entity in (None, kind) for n in range(a, b)}
    return all(n in inside for n in range(start, end))


def measure(made: list[Document], show: bool = False) -> dict[str, dict[str, float]]:
    """Return the figures of each type."""
    finder = Finder()
    results = dict(finder.find_all(pa.array([document.text for document in made])))
    planted, hit, typed, findings, right, clean = (Counter[str]() for _ in range(6))
    for place, document in enumerate(made):
        found = results.get(place, [])
        for item in document.planted:
            names = [item.entity, "ALL"] + (
                [f"PERSON {'' if item.listed else 'not '}on the lists"] if item.entity == "PERSON" else []
            )
            is_hit = covered(item.start, item.end, found)
            for name in names:
                planted[name] += 1
                hit[name] += is_hit
                typed[name] += covered(item.start, item.end, found, item.entity)
            if show and not is_hit:
                print("missed", item.entity, repr(document.text[max(0, item.start - 40) : item.end + 15]))
        for kind, start, end in found:
            good = any(start < item.end and item.start < end for item in document.planted)
            for name in (kind, "ALL"):
                findings[name] += 1
                right[name] += good
                clean[name] += not document.planted
            if show and not good:
                print("wrong", kind, repr(document.text[max(0, start - 30) : end + 15]), repr(document.text[start:end]))
    return {
        name: {
            "planted": planted[name],
            "recall": round(hit[name] / planted[name], 4),
            "recall of the type": round(typed[name] / planted[name], 4),
            "precision": round(right[name] / findings[name], 4) if findings[name] else None,
            "wrong in documents without": clean[name],
        }
        for name in sorted(planted, key=lambda n: (n == "ALL", n))
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000, help="with personal data, and as many without")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--held-out", action="store_true", help="sentences never used to improve the recognisers")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    made = list(documents(given.documents, given.seed, held_out=given.held_out))
    started = time.process_time()
    figures = measure(made, given.show)
    seconds = time.process_time() - started
    print(
        f"{len(made)} documents, {sum(len(d.text) for d in made) / 1e3:.0f} thousand characters, {1e6 * seconds / len(made):.0f} µs a document"
    )
    print(f"{'type':28} {'planted':>8} {'recall':>8} {'typed':>8} {'precision':>10} {'wrong in clean':>15}")
    for name, row in figures.items():
        precision = "" if row["precision"] is None else f"{row['precision']:.3f}"
        print(
            f"{name:28} {row['planted']:8} {row['recall']:8.3f} {row['recall of the type']:8.3f} {precision:>10} {row['wrong in documents without']:15}"
        )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
