"""The embedded services of a laptop."""
