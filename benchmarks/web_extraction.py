"""How complete, exact and fast the web collector is on real FAQ sites.

    python benchmarks/web_extraction.py --sites DIR --expected DIR

Each site under DIR is served on the loopback and collected through the real crawler, robots.txt, rate limit and all.
`--expected` holds one `SITE.jsonl` per site with `question`, `answer` and `url_path` (path and anchor from the server's
root). Per site: pairs expected and found, recall, precision, and token F1 of the answers (SQuAD's measure: words of
both texts, lower case, without punctuation). Then the pages of the same sites that are no FAQs, and the pages
extracted per second on one core against BeautifulSoup with html.parser doing the naive `.faq-section > h2 + p`.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import re
import resource
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.collect.landing import NoLanding
from pipeline.collect.source import SourceState
from pipeline.collect.web.extract import extract_page
from pipeline.collect.web.source import WebSource
from pipeline.records import to_rows
from pipeline.settings import WebSourceSettings

RECALL, PRECISION, TOKEN_F1 = 0.98, 0.98, 0.97
INDEXES = ("index.html", "index.en.html", "FAQ.html")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class Score:
    """The comparison of one site."""

    expected: int = 0
    found: int = 0
    matched: int = 0
    anchors: int = 0
    f1: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the expected pairs that were found."""
        return self.matched / max(1, self.expected)

    @property
    def precision(self) -> float:
        """Share of the found pairs that were expected."""
        return self.matched / max(1, self.found)

    @property
    def token_f1(self) -> float:
        """Mean token F1 of the answers of the matched pairs."""
        return sum(self.f1) / max(1, len(self.f1))

    @property
    def good(self) -> bool:
        """Whether all three goals are met."""
        return self.recall >= RECALL and self.precision >= PRECISION and self.token_f1 >= TOKEN_F1


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; what is not written with blanks counts by character."""
    return re.findall(r"[぀-ヿ㐀-鿿]|[^\W぀-ヿ㐀-鿿]+", text.lower())


def token_f1(expected: str, found: str) -> float:
    """Return the harmonic mean of word precision and recall, as multisets (Rajpurkar et al. 2016, SQuAD)."""
    left, right = Counter(words(expected)), Counter(words(found))
    common = sum((left & right).values())
    total = sum(left.values()) + sum(right.values())
    return 1.0 if total == 0 else 2 * common / total


def read_pairs(path: Path) -> list[dict[str, str]]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def seeds(site: Path, pages: Iterable[str]) -> list[str]:
    """Return where a person would start: the index page of the folder that holds the FAQ pages, else those pages."""
    folders = sorted({path.rpartition("/")[0] for path in pages})
    top = functools.reduce(lambda a, b: a if b.startswith(a) else a.rpartition("/")[0], folders)
    index = next((name for name in INDEXES if (site.parent / f"{top}/{name}".lstrip("/")).is_file()), None)
    return [f"{top}/{index}"] if index else sorted(set(pages))


def collect(base: str, paths: list[str], *, follow: bool) -> list[tuple[str, str, str]]:
    """Collect pages through the source and return (path with anchor, question, answer) of every row."""
    config = WebSourceSettings(
        kind="web",
        name="bench",
        urls=[base + path for path in paths],
        follow=follow,
        allow_private=True,
        requests_per_second=10_000,
        concurrency=2,
        context="none",
    )
    rows = []
    for document in WebSource(config).documents(SourceState(), NoLanding()):
        for row in to_rows(document.batches):
            parts = urlsplit(row.provenance)
            rows.append((f"{parts.path}#{parts.fragment}", row.question, row.answer))
    return rows


def compare(expected: list[dict[str, str]], rows: list[tuple[str, str, str]]) -> tuple[Score, list[str]]:
    """Match rows to expected pairs by question, preferring the same page, and score them."""
    score = Score(expected=len(expected), found=len(rows))
    remarks: list[str] = []
    by_question: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for row in rows:
        by_question[" ".join(words(row[1]))].append(row)
    for pair in expected:
        candidates = by_question[" ".join(words(pair["question"]))]
        candidates.sort(key=lambda row: row[0].split("#")[0] != pair["url_path"].split("#")[0])
        if not candidates:
            remarks.append(f"missing  {pair['question'][:100]}  ({pair['url_path']})")
            continue
        place, _, answer = candidates.pop(0)
        score.matched += 1
        score.anchors += place == pair["url_path"]
        score.f1.append(token_f1(pair["answer"], answer))
    remarks += [f"extra    {row[1][:100]}  ({row[0]})" for left in by_question.values() for row in left]
    return score, remarks


def other_pages(site: Path, expected: list[dict[str, str]]) -> list[str]:
    """Return the pages of a site that hold no expected pair and are no translation of one that does."""
    faq = {pair["url_path"].split("#")[0] for pair in expected}
    names = {path.rpartition("/")[2] for path in faq}
    pages = [
        f"/{path.relative_to(site.parent).as_posix()}" for path in site.rglob("*.html") if "_static" not in path.parts
    ]
    return sorted(path for path in pages if path not in faq and (path.rpartition("/")[2] not in names or len(faq) > 1))


def naive(body: bytes) -> int:
    """Extract as a scraper does that knows one class name."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(body, "html.parser")
    found = 0
    for section in soup.select(".faq-section"):
        heading = section.find("h2")
        answer = heading.find_next_sibling("p") if heading else None
        found += bool(heading and answer and heading.get_text(strip=True) and answer.get_text(strip=True))
    return found


def ours(body: bytes) -> int:
    """Extract as the collector does."""
    return len(extract_page(body, "http://localhost/faq/page.html", "text/html").pairs)


def _measure(work: Callable[[bytes], int], bodies: list[bytes], seconds: float, out: Any) -> None:
    work(bodies[0])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = pairs = rounds = 0
    start = time.process_time()
    while time.process_time() - start < seconds or not rounds:
        pairs = sum(map(work, bodies))
        done += len(bodies)
        rounds += 1
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    out.send((done / spent, pairs, peak / 1024, (peak - before) / 1024))


def throughput(work: Callable[[bytes], int], bodies: list[bytes], seconds: float) -> tuple[float, int, float, float]:
    """Return pages per CPU second, pairs per round, and peak and added memory in MiB, in a process of its own."""
    here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_measure, args=(work, bodies, seconds, there))
    process.start()
    there.close()
    result: tuple[float, int, float, float] = here.recv()
    process.join()
    return result


def main() -> int:
    """Print a line per site; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=Path, required=True)
    parser.add_argument("--expected", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds per throughput measurement")
    parser.add_argument("--verbose", action="store_true", help="name what is missing or extra")
    options = parser.parse_args()
    handler = functools.partial(_Quiet, directory=str(options.sites))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    all_good = True
    columns = ("expected", "found", "recall", "precision", "token F1", "anchors", "seconds")
    print(f"{'site':18} " + " ".join(f"{column:>9}" for column in columns))
    others = extra = 0
    for file in sorted(options.expected.glob("*.jsonl")):
        site = options.sites / file.stem
        expected = read_pairs(file)
        start = time.perf_counter()
        pages = {pair["url_path"].split("#")[0] for pair in expected}
        score, remarks = compare(expected, collect(base, seeds(site, pages), follow=True))
        spent = time.perf_counter() - start
        all_good = all_good and score.good
        print(
            f"{file.stem:18} {score.expected:9} {score.found:9} {score.recall:9.3f} {score.precision:9.3f} "
            f"{score.token_f1:9.3f} {score.anchors:9} {spent:9.2f}{'' if score.good else '  BELOW THE GOAL'}"
        )
        if options.verbose:
            print("".join(f"    {remark}\n" for remark in remarks), end="")
        beside = other_pages(site, expected)
        others += len(beside)
        extra += len(collect(base, beside, follow=False))
    print(f"\n{others} pages of these sites that are no FAQs gave {extra} pairs")
    server.shutdown()
    bodies = [path.read_bytes() for path in sorted(options.sites.rglob("*.html")) if "_static" not in path.parts]
    print(f"\nExtraction on one core, {len(bodies)} pages, {sum(map(len, bodies)) / 1e6:.1f} MB:")
    results = {}
    for name, work in (("BeautifulSoup(html.parser), naive", naive), ("this collector", ours)):
        results[name] = throughput(work, bodies, options.seconds)
        rate, pairs, peak, added = results[name]
        print(f"{name:36} {rate:8.1f} pages/s {pairs:6} pairs   peak {peak:6.0f} MiB (+{added:.0f})")
    rates = [result[0] for result in results.values()]
    print(f"{rates[1] / rates[0]:.1f} times as fast")
    return 0 if all_good and extra == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
