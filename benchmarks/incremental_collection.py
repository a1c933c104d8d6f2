"""What a run costs when nothing changed, and when 1 % did.

    python benchmarks/incremental_collection.py [--pages 300]

A site of FAQ pages with a sitemap and ETags is served on the loopback and collected three times into one lake: first
whole, then unchanged, then with one page in a hundred (at least one) changed. Per run: seconds, CPU seconds (the
server's included, which runs in the same process), requests, how many of them were conditional, and what became of the
pages. The rate limit is lifted: a real site adds one interval per conditional request.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.collect import stage
from pipeline.lake import open_lake
from pipeline.settings import LakeSettings, Settings, WebSourceSettings

QUESTIONS = 20
"""Questions on a page."""


class FaqSite:
    """Pages whose ETag is their version, and a count of what was asked."""

    def __init__(self, pages: int) -> None:
        """Serve `pages` pages on a free port of the loopback."""
        self.versions = dict.fromkeys(range(pages), 1)
        self.requests = self.conditional = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                """Answer with a page, or with 304 when the client has its version."""
                site.requests += 1
                known = self.headers.get("If-None-Match")
                site.conditional += known is not None
                body, etag = site.answer(self.path)
                self.send_response(304 if known == etag else 200)
                self.send_header("Content-Type", "application/xml" if self.path.endswith("xml") else "text/html")
                self.send_header("ETag", etag)
                self.send_header("Content-Length", "0" if known == etag else str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if known == etag else body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[bytes, str]:
        """Return the body and the ETag of a path."""
        if path.endswith(".xml"):
            places = "".join(f"<url><loc>{self.url}/faq/{number}.html</loc></url>" for number in self.versions)
            return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>'.encode(), '"map"'
        if path == "/robots.txt":
            return b"User-agent: *\nAllow: /\n", '"robots"'
        number = int(path.rpartition("/")[2].partition(".")[0])
        version = self.versions[number]
        rows = "".join(
            f"<h3>Is item {number}-{n} in stock?</h3><p>Item {n}, version {version}. {'Some words follow. ' * 20}</p>"
            for n in range(QUESTIONS)
        )
        return f"<title>FAQ {number}</title><h1>FAQ</h1>{rows}".encode(), f'"{number}-{version}"'


def main() -> None:
    """Print a line per run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    options = parser.parse_args()
    site = FaqSite(options.pages)
    config = WebSourceSettings(
        kind="web",
        name="bench",
        sitemap=f"{site.url}/sitemap.xml",
        allow_private=True,
        requests_per_second=10_000,
        concurrency=2,
        licence="CC0-1.0",
    )
    settings = Settings.model_validate({"collect": {"sources": [config.model_dump()]}})
    with tempfile.TemporaryDirectory(prefix="llmops-bench-") as folder:
        lake = open_lake(LakeSettings(uri=folder))
        for run, changed in (("whole", 0), ("unchanged", 0), ("1 % changed", max(1, options.pages // 100))):
            for number in range(changed):
                site.versions[number] += 1
            site.requests = site.conditional = 0
            start, spent = time.perf_counter(), time.process_time()
            manifest = stage.run(settings, lake, run_id=run.replace(" % ", "-"), source="bench")
            print(
                f"{run:12} {time.perf_counter() - start:6.2f} s  {time.process_time() - spent:6.2f} CPU s  "
                f"{site.requests:5} requests, {site.conditional:5} conditional  {manifest.counts.rows_out:6} rows  "
                f"{manifest.facts['documents']}"
            )
    site.server.shutdown()


if __name__ == "__main__":
    main()
