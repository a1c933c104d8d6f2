"""Duplicates, exact and near: found over all sources by question and answer together, never by the question alone."""
