"""Tick files, raw recordings and journals as one stream of records."""

from flows.readers.merge import feeds_of, read_files

__all__ = ["feeds_of", "read_files"]
