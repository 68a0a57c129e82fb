"""How a dataflow is run."""

import json
import os
import subprocess
import sys

SCRIPT = """
import json
import bytewax.operators as op
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource
from threadpoolctl import threadpool_info
from flows.running import run_dataflow
import numpy as np
from riskcore.blas import add_scaled

def threads(_):
    add_scaled(np.zeros(2), 1.0, np.ones(2))
    return json.dumps([pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"])

def build(fuse):
    flow = Dataflow("threads")
    op.output("out", op.map("look", op.input("in", flow, TestingSource([0])), threads), StdOutSink())
    return flow

run_dataflow(build)
"""


def test_every_blas_has_one_thread_in_a_flow_that_of_scipy_too_which_is_loaded_late() -> None:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment, timeout=60
    )
    threads = json.loads(done.stdout)
    assert len(threads) == 2
    assert set(threads) == {1}
