"""The passages of one page, fetched as politely and as carefully as any other, for answering from it at once."""

from __future__ import annotations

from pipeline.collect.web.extract import extract_page
from pipeline.collect.web.fetch import Fetcher, FetchError
from pipeline.collect.web.robots import Robots
from pipeline.errors import SourceError


def passages_of(url: str, *, user_agent: str, allow_private: bool = False) -> list[str]:
    """Return the passages of a page, each under its headings.

    Raises SourceError when the page may not or cannot be fetched.
    """
    with Fetcher(user_agent, allow_private=allow_private) as fetcher:
        robots = Robots(fetcher)
        try:
            page = fetcher.get(url, allowed=robots.check)
        except FetchError as problem:
            raise SourceError(
                f"The page cannot be fetched: {problem.detail}",
                where=url,
                remedy="Check the address; for one on a private network add --allow-private",
            ) from None
    found = extract_page(page.body, page.url, page.content_type)
    return ["\n".join([*passage.heading_path[-1:], passage.text]) for passage in found.passages]
