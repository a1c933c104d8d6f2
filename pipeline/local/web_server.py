"""A small web server for the sample sites: ETag and Last-Modified with conditional GET, robots.txt, sitemap.xml.

python -m pipeline.local.web_server --port 28080 [--root FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import mimetypes
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from pipeline.local.http_service import LoopbackServer, QuietHandler, serve

SITES = Path(__file__).with_name("samples") / "sites"
PUBLISHED = 1_750_000_000
"""The sample pages' time of last change, in seconds since 1970: fixed, since a checkout sets files' own times anew."""


class SiteHandler(QuietHandler):
    """Serves the files below `root`; folders answer with their index.html or a list of their pages."""

    root: Path = SITES
    seen: list[tuple[str, int]]

    def do_GET(self) -> None:
        """Answer a GET."""
        path = unquote(urlsplit(self.path).path).replace("\0", "%00")
        if path == "/robots.txt":
            body = f"User-agent: *\nDisallow: /private/\nSitemap: {self._origin()}/sitemap.xml\n"
            self._send(body.encode(), "text/plain; charset=utf-8")
        elif path == "/sitemap.xml":
            self._send(self._sitemap(), "application/xml")
        else:
            self._file(path)

    do_HEAD = do_GET

    def _origin(self) -> str:
        return f"http://{self.headers.get('Host', 'localhost')}"

    def _sitemap(self) -> bytes:
        pages = "".join(
            f"<url><loc>{escape(self._origin() + quote('/' + page))}</loc></url>\n" for page in _pages(self.root)
        )
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{space}">\n{pages}</urlset>\n'.encode()

    def _file(self, path: str) -> None:
        file = (self.root / path.lstrip("/")).resolve()
        if not file.is_relative_to(self.root.resolve()) or not file.exists():
            self._answer(
                404, b"<!doctype html><title>Not found</title><p>There is no such page.", {"Content-Type": "text/html"}
            )
        elif file.is_dir() and not path.endswith("/"):
            self._answer(301, b"", {"Location": quote(path) + "/"})
        elif file.is_dir() and not (file / "index.html").is_file():
            self._send(_listing(file).encode(), "text/html; charset=utf-8")
        else:
            file = file / "index.html" if file.is_dir() else file
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            self._send(file.read_bytes(), "text/html" if kind == "text/html" else kind)

    def _send(self, body: bytes, kind: str) -> None:
        tag = f'"{_tag(body)}"'
        headers = {
            "Content-Type": kind,
            "ETag": tag,
            "Last-Modified": formatdate(PUBLISHED, usegmt=True),
            "Cache-Control": "no-cache",
        }
        self._answer(304 if self._unchanged(tag) else 200, body, headers)

    def _unchanged(self, tag: str) -> bool:
        """Decide as RFC 9110 says: If-None-Match wins over If-Modified-Since."""
        wanted = self.headers.get("If-None-Match")
        if wanted is not None:
            return any(part.strip().removeprefix("W/") in (tag, "*") for part in wanted.split(","))
        try:
            since = parsedate_to_datetime(self.headers.get("If-Modified-Since", ""))
        except ValueError:
            return False
        return since.timestamp() >= PUBLISHED

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.seen.append((self.path, status))
        self.reply(status, body, headers)


@lru_cache(maxsize=1024)
def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def _pages(root: Path) -> Iterator[str]:
    return (file.relative_to(root).as_posix() for file in sorted(root.rglob("*.html")))


def _listing(folder: Path) -> str:
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    links = "".join(f'<li><a href="{quote(name)}">{escape(name)}</a></li>' for name in names)
    return f'<!doctype html><html lang="en"><title>Sample sites</title><h1>Sample sites</h1><ul>{links}</ul></html>'


def make_server(port: int, root: Path = SITES) -> LoopbackServer:
    """Return a server on the loopback (port 0: any free one); its handler's `seen` lists paths and statuses."""
    return LoopbackServer(("127.0.0.1", port), type("Handler", (SiteHandler,), {"root": root, "seen": []}))


def main() -> None:
    """Serve the sample sites."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=28080)
    parser.add_argument("--root", type=Path, default=SITES)
    arguments = parser.parse_args()
    serve(make_server(arguments.port, arguments.root), "Sample sites")


if __name__ == "__main__":
    main()
