"""The report of an evaluation: one self-contained page for people, one JSON document for machines."""
