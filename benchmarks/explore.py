"""How soon does the live page answer? From the movement of a slider to the redrawn curve.

    python benchmarks/explore.py [--quick] [--write]

Measured in a headless Chromium, by its own clock: the event of a slider, until the picture of the
curve is another one and has been painted. ``--write`` puts the table into docs/.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from chromium import chromium
from speed import DOCS, machine

MEDIAN, LATE, GROWTH = 0.4, 1.0, 1.1
"""At most: seconds to the first redraw, median and 95th percentile; memory after all moves."""
WATCH = """
window.moved = (value) => new Promise(done => {
  const slider = document.querySelector('.found .parameter input'), image = () =>
    document.querySelector('figure.incidence img').src;
  const before = image(), start = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  const look = () => image() === before ? requestAnimationFrame(look)
    : document.querySelector('figure.incidence img').decode().then(() =>
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start))));
  look();
});
"""
FIND = "war rate"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process number of a page."""
    command = [sys.executable, "-m", "sim", "explore", "--no-browser", "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def opened(browser: Any, address: str) -> None:
    """The page, answered, with a slider in sight."""
    browser.set_script_timeout(60)
    browser.get(address)
    wait(browser, "return !!document.querySelector('figure.budget img[src]')")
    field = browser.find_element("css selector", ".parameters input")
    field.send_keys(FIND)
    wait(browser, "return !!document.querySelector('.found .parameter input')")
    browser.execute_script(WATCH)


def wait(browser: Any, script: str) -> None:
    """Until a script gives true."""
    end = time.monotonic() + 60
    while not browser.execute_script(script):
        assert time.monotonic() < end, script
        time.sleep(0.05)


def latencies(browser: Any, moves: int) -> list[float]:
    """Seconds from each of some moves to the first redraw; each begins when that is painted."""
    move = "const done = arguments[1]; moved(arguments[0]).then(done)"
    low, high = 0.001, 0.008
    steps = [low + (high - low) * (37 * i % 101) / 101 for i in range(moves)]
    return [browser.execute_async_script(move, value) / 1000 for value in steps]


def held(process: int) -> float:
    """Megabytes that a process holds."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Measure, print, write where asked to; 1 where the page is too late or grows."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="30 moves, and memory over 60")
    parser.add_argument("--write", action="store_true", help="put the table into docs/")
    options = parser.parse_args()
    timed, many = (30, 60) if options.quick else (100, 1000)
    with (
        tempfile.TemporaryDirectory() as scratch,
        served(Path(scratch) / "table") as (address, process),
        chromium(Path(scratch) / "profile") as browser,
    ):
        opened(browser, address)
        took = latencies(browser, timed)
        early = held(process)
        later = latencies(browser, many - timed)
        late = held(process)
    median, slow = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    slowest = statistics.quantiles(later, n=20)[-1] if len(later) > 1 else slow
    table = [
        "| measure | found | wanted |", "|:--|--:|--:|",
        f"| slider to redrawn curve, median of {timed} moves | {median:.2f} s | {MEDIAN} s |",
        f"| the same, 95th percentile | {slow:.2f} s | {LATE} s |",
        f"| the same, 95th percentile of the moves up to {many:,} | {slowest:.2f} s | {LATE} s |",
        f"| memory after {many:,} moves / after {timed} | {late / early:.2f} | {GROWTH} |",
    ]  # fmt: skip
    print("\n".join(table))
    print(f"memory: {early:,.0f} MB, then {late:,.0f} MB")
    if options.write:
        lines = [
            "# Answers in the browser", "",
            "`python benchmarks/explore.py --write` measures this in a headless Chromium,",
            "and writes it here: from the event of a slider to the painted curve of three",
            f"strategies, by the clock of the browser. Measured on: {machine()};",
            f"{early:,.0f} MB held after {timed} moves, {late:,.0f} MB after {many:,}.", "", *table,
        ]  # fmt: skip
        (DOCS / "latency.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(median > MEDIAN or slow > LATE or late / early > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
