"""One row in a process of its own, which the runner starts: MODULE NAME SEED DIRECTORY ANSWER."""

import importlib
import json
import os
import resource
import sys
from pathlib import Path

from threadpoolctl import threadpool_limits

from riskcore import blas
from tests.soak.registry import NotRunError, Soak


def main(module: str, name: str, seed: str, directory: str, answer: str) -> None:
    """Run the row and write its figures and its peak of memory; whatever it raises is its failure."""
    os.nice(15)
    run = getattr(importlib.import_module(module), name)
    blas.routines()
    try:
        with threadpool_limits(limits=1):
            figures = run(Soak(int(seed), Path(directory)))
    except NotRunError as reason:
        Path(answer).write_text(json.dumps({"not run": str(reason)}))
        return
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    Path(answer).write_text(json.dumps({"figures": figures, "peak_mib": round(peak / 1024, 1)}, allow_nan=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
