"""Metrics: each a small class in a module of its own, registered by being there."""
