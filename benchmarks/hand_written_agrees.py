"""Does the plain SimPy model simulate the same process as the engines? Exit code 1 if not.

python benchmarks/hand_written_agrees.py
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

import hand_written
import sim

PLAIN, ENGINE, MOST = 4000, 40_000, 4.0


def measures(frame: pd.DataFrame) -> pd.DataFrame:
    """What is compared, a column each: outcomes, first times, days held, counts."""
    columns = {f"outcome {name}": frame["outcome"] == name for name in ("freeze", "war")}
    for name in ("freeze", "moratorium", "war", "ministerial.convene"):
        first = frame[f"first_{name}"]
        columns[f"reached {name}"] = first.notna()
        columns[f"days without {name}"] = first.fillna(1826.0)
    return pd.DataFrame(columns | {n: frame[n] for n in frame if n.startswith(("held_", "n_"))})


def main() -> int:
    """Print every measure of both with the difference in standard errors."""
    plain = measures(pd.DataFrame(hand_written.simulate(PLAIN, 1))).astype(float)
    simulated = sim.run(sim.load("korea-2017"), ["proposal"], ENGINE, seed=7).frame
    engine = measures(simulated)[plain.columns].astype(float)
    error = np.sqrt(plain.var() / len(plain) + engine.var() / len(engine))
    z = ((plain.mean() - engine.mean()) / error).fillna(0.0)
    table = pd.DataFrame({"plain": plain.mean(), "engine": engine.mean(), "z": z})
    print(table.to_string(float_format="{:.3f}".format))
    worst = float(z.abs().max())
    print(f"largest difference: {worst:.2f} standard errors of {len(z)} measures")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
