"""The HTTP side of the store: one module for each group of calls."""
