"""Runs the product as its user would: the command line, real recordings, a real database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tailwatch():
    """Run ``tailwatch`` to its end and return what it printed; it must succeed unless ``status`` says otherwise."""

    def run(*arguments, status=0, env=None, cwd=None):
        done = subprocess.run(
            [sys.executable, "-m", "tailwatch", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=100,
            cwd=cwd or ROOT,
            env={**os.environ, **(env or {})},
            check=False,
        )
        assert done.returncode == status, done.stderr or done.stdout
        return done

    return run
