"""FAQ pages of a site as a source: one document per page, unchanged pages for the price of a conditional request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pipeline.collect.source import Document, Landing, Source, SourceState
from pipeline.collect.web.fetch import Fetcher, Limits
from pipeline.collect.web.site_pass import SitePass
from pipeline.settings import WebSourceSettings


class WebSource(Source[WebSourceSettings]):
    """Pages given one by one, by a sitemap, or by following links inside the folders of the given ones."""

    kind: ClassVar[str] = "web"
    limits: Limits = Limits()

    def documents(self, state: SourceState, landing: Landing) -> Iterator[Document]:
        """Yield a document per page: changed, unchanged (by 304 or by content), gone, or failed with the reason.

        Pages without questions are documents too, with the reason set aside, so that they are not fetched whole again.
        Raises SourceError when nothing at all could be read and nothing is known from before.
        """
        with Fetcher(
            self.user_agent,
            allow_private=self.config.allow_private,
            requests_per_second=self.config.requests_per_second,
            concurrency=self.config.concurrency,
            limits=self.limits,
        ) as fetcher:
            site = SitePass(self.config, state, landing, fetcher)
            try:
                yield from site.documents()
            finally:
                self.warnings += site.warnings
                self.complete = site.complete
