"""Spark: one way to get a session, and the lake as its data source."""
