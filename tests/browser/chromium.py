"""Where the browser is, and how it is started."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 60_000
"""With the machine to itself nothing takes a tenth of it."""
VIEWS = ("overview", "portfolios", "positions", "stress", "correlation", "backtest", "alerts", "health")

needs_browser = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="NOT RUN: there is no Chromium here (apt-get install chromium)"),
    pytest.mark.skipif(
        not (ROOT / "frontend" / "dist" / "index.html").exists(),
        reason="NOT RUN: the dashboard is not built (make dashboard)",
    ),
]
