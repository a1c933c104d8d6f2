"""Duplicates: found over all sources, the best row kept, the others named by it."""
