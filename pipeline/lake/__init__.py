"""The lake: one interface to an object store, with a backend for S3 and one for a folder."""

from pipeline.lake.lake import Lake, ObjectInfo, Store, open_lake

__all__ = ["Lake", "ObjectInfo", "Store", "open_lake"]
