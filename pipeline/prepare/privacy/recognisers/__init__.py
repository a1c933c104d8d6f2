# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""One module for each kind of personal data; a recogniser counts by being there (see `pipeline.prepare.privacy.finder`)."""
