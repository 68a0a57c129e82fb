"""``tailwatch backtest``: the book and its history put together, judged, and told as table, NDJSON and page."""
