"""Feeds: one adapter a venue (bytes in, ticks and control events out) and one connection for all of them."""

from flows.feeds.adapter import Adapter, FrameError
from flows.feeds.registry import adapter_names, get_adapter

__all__ = ["Adapter", "FrameError", "adapter_names", "get_adapter"]
