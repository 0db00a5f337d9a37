"""Runs that are killed again and again, and go on."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

import sim

ROOT = Path(__file__).parents[1]
COLUMNS = ["outcome", "time", "first_freeze", "held_crisis", "n_rebuff"]
STRATEGIES = ["proposal", "pressure"]
RUN = f"""
import sys, sim
sim.run(sim.load("korea-2017"), {STRATEGIES}, int(sys.argv[1]), columns={COLUMNS},
        workers=2, block=500, out=sys.argv[2])
"""


def killed_again_and_again(out: Path, replications: int, kills: int, seed: int = 1) -> int:
    """Kill -9 a run at random instants, and let it go on; how often it was killed."""
    moments, killed = random.Random(seed), 0
    command = [sys.executable, "-c", RUN, str(replications), str(out)]
    while killed < kills:
        run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
        before = set(out.glob("part-*"))
        while run.poll() is None and set(out.glob("part-*")) == before:
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 0.6))
        if run.poll() is not None:
            break
        run.kill()
        run.communicate()
        killed += 1
    subprocess.run(command, cwd=ROOT, check=True)
    return killed


def difference(out: Path, replications: int) -> str:
    """In what the folder differs from an undisturbed run; empty where it does not."""
    simulated = sim.run(sim.load("korea-2017"), STRATEGIES, replications, columns=COLUMNS)
    try:
        pd.testing.assert_frame_equal(sim.read(out).frame, simulated.frame)
    except AssertionError as error:
        return str(error)
    left = [path.name for path in out.iterdir() if path.name.startswith(".")]
    return f"left behind: {left}" if left else ""
