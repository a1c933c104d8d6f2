"""Detectors: what an answer contains, whoever gave it."""
