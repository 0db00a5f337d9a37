"""Do printed intervals hold the truth as often as they say? The long form.

    python verification/intervals_cover.py [--repeats 1000] [--only comparison ...] [--write]

A thousand small studies of a scenario without memory, whose truth its Markov chain gives: every
kind of interval that `detente compare`, `explain` and the summary print is asked whether it holds
that truth. Those of `sensitivity` and `robust` are asked the same of studies whose truth is a
formula. An interval of 95 % must do so in at least 95 % of 95 % of them, 90.25 %. Exit code 1
otherwise. All parts take some fifteen minutes; ``--write`` keeps the table for the documents, in
which it replaces the parts that were counted.

The limits of a chance of being best are none of these: they say how well a bootstrap share is
computed. Shares of first divergences and of what was last waited for are Wilson's, as those of
endurance here.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

sys.path.extend([str(Path(__file__).parents[1] / at) for at in ("tests", "tests/oracles")])

from interval_coverage import LEAST, LEVEL, PARTS, REPLICATIONS, covered

TABLE = Path(__file__).parents[1] / "docs" / "coverage.csv"


def main() -> int:
    """Print the coverage of every kind of interval, and what falls short."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--write", action="store_true", help=f"into {TABLE.name} of the documents")
    options = parser.parse_args()
    print(f"{options.repeats:,} studies of {REPLICATIONS} replications; level {LEVEL:.0%}, "
          f"at least {LEAST:.2%}")  # fmt: skip
    short, lines = 0, []
    for name in options.only:
        began = time.monotonic()
        hits = PARTS[name](options.repeats)
        print(f"{name} ({time.monotonic() - began:.0f} s)")
        for kind, share in covered(hits).items():
            short += share < LEAST
            mark = "" if share >= LEAST else "  TOO FEW"
            print(f"  {kind:44} {share:7.1%} of {len(hits[kind]):,}{mark}", flush=True)
            lines.append((name, kind, f"{share:.4f}", str(len(hits[kind])), str(options.repeats)))
    if options.write:
        _write(lines)
    print(f"{short} kinds of interval hold the truth too rarely")
    return int(short > 0)


HEAD = ("part", "interval", "holds", "intervals", "studies")


def _write(lines: list[tuple[str, ...]]) -> None:
    """Replace the parts of these lines in the table of the documents."""
    counted = {line[0] for line in lines}
    with TABLE.open(newline="", encoding="utf-8") as file:
        kept = [tuple(line) for line in list(csv.reader(file))[1:] if line[0] not in counted]
    order = list(PARTS)
    whole = sorted([*kept, *lines], key=lambda line: order.index(line[0]))
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([HEAD, *whole])


if __name__ == "__main__":
    sys.exit(main())
