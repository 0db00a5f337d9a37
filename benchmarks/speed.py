"""How fast is it? Ratios within one run, since machines differ and are noisy.

    python benchmarks/speed.py [--quick] [--write]

Everything is measured in pairs, one after the other and again; a ratio is reported as the median of
its pairs, with the lowest and the highest. ``--write`` puts table and figure into docs/.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import simpy

import floor
import hand_written
import sim
from sim.engine import kernel, processes
from sim.engine.program import Program, translate

DOCS = Path(__file__).parents[1] / "docs"
SEED = 1


class Ratio(NamedTuple):
    """What a number of pairs says of "a over b"."""

    what: str
    pairs: list[float]
    wanted: str

    @property
    def line(self) -> str:
        """As a line of the table."""
        low, best, high = min(self.pairs), statistics.median(self.pairs), max(self.pairs)
        return f"| {self.what} | {best:.3g} | {low:.3g} to {high:.3g} | {self.wanted} |"


def short(value: float) -> str:
    """Three digits, without powers of ten."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def seconds(work: Callable[[], Any]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def program() -> Program:
    """The reference case in the strategy that the plain model was written for."""
    return translate(sim.load("korea-2017").strategy("proposal"))


# -- the engines ----------------------------------------------------------------------------------


def engines(pairs: int) -> tuple[list[Ratio], dict[str, float]]:
    """The engines, the plain model and the floor, by replication, in turn."""
    case = program()
    few, many = 400, 20_000
    draws = floor.record(case, SEED, 5 * few)
    works: dict[str, tuple[Callable[[], Any], int]] = {
        "plain": (lambda: hand_written.simulate(few, SEED), few),
        "simpy": (lambda: processes.simulate(case, SEED, 0, few), few),
        "one thread": (lambda: kernel.simulate(case, SEED, 0, many), many),
        "two threads": (lambda: _two_threads(case, many), 2 * many),
        "same replications": (lambda: _again(case, 5 * few, 10), 50 * few),
        "floor": (lambda: [floor.draw(*draws) for _ in range(10)], 50 * few),
    }
    kernel.simulate(case, SEED, 0, 10)
    floor.draw(*draws)
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(pairs):
        for name, (work, replications) in works.items():
            taken[name].append(seconds(work) / replications)

    def ratio(what: str, above: str, below: str, wanted: str) -> Ratio:
        found = [a / b for a, b in zip(taken[above], taken[below], strict=True)]
        return Ratio(what, found, wanted)

    ratios = [
        ratio("SimPy engine / plain SimPy model", "simpy", "plain", "at most 2.5"),
        ratio("plain SimPy model / compiled, one thread", "plain", "one thread", "at least 150"),
        ratio("SimPy engine / compiled, one thread", "simpy", "one thread", "at least 150"),
        ratio("one thread / two threads", "one thread", "two threads", "at least 1.8"),
        ratio("compiled / draw floor", "same replications", "floor", "at most 3.5"),
    ]
    events = sum(len(processes.trace(case, SEED, r)[1]) for r in range(20)) / 20
    return ratios, {n: statistics.median(t) for n, t in taken.items()} | {"entries": events}


def _two_threads(case: Program, many: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda first: kernel.simulate(case, SEED, first, many), (0, many)))


def _again(case: Program, few: int, times: int) -> None:
    for _ in range(times):
        kernel.simulate(case, SEED, 0, few)


def bare_events() -> dict[str, float]:
    """Events a second of bare timeouts, for orientation."""
    found = {}

    def ticks(env: simpy.Environment, n: int) -> Any:
        for _ in range(n):
            yield env.timeout(1)

    env = simpy.Environment()
    env.process(ticks(env, 100_000))
    found["SimPy"] = 100_000 / seconds(env.run)
    try:
        import salabim
    except ImportError:
        return found
    salabim.yieldless(False)

    class Ticks(salabim.Component):  # type: ignore[misc]
        def process(self) -> Any:
            for _ in range(50_000):
                yield self.hold(1)

    other = salabim.Environment(trace=False)
    Ticks()
    found["salabim"] = 50_000 / seconds(other.run)
    return found


# -- whole processes ------------------------------------------------------------------------------


def processes_of_the_system(pairs: int) -> tuple[list[Ratio], list[float]]:
    """A whole command against the mere import of what it needs; and first runs, in seconds.

    All from the start of the process to its end, and with byte code, as an installation has it.
    """
    compileall.compile_dir(Path(sim.__file__).parent, quiet=1)
    imports = [sys.executable, "-c", "import numpy, pandas, numba"]
    forms: dict[str, list[str]] = {"": [], " --no-figures": ["--no-figures"]}
    found: dict[str, list[float]] = {form: [] for form in forms}
    with tempfile.TemporaryDirectory() as folder:
        for i in range(pairs + 1):
            for form, more in forms.items():
                command = [*RUN, "--out", f"{folder}/out{i}{len(more)}", *more]
                ours = seconds(lambda c=command: _quietly(c))
                theirs = seconds(lambda: _quietly(imports))
                if i:  # the first one warms up
                    found[form].append(ours / theirs)
        cold = []
        for i in range(3):
            empty = {**os.environ, "DETENTE_CACHE": f"{folder}/cache{i}"}
            cold.append(seconds(lambda e=empty: _quietly([sys.executable, "-c", FIRST], e)))
    what = "`detente run korea-2017 --replications 1000{}` / import of numpy, pandas, numba"
    ratios = [Ratio(what.format(form), pairs, "at most 2") for form, pairs in found.items()]
    return ratios, cold


RUN = [sys.executable, "-m", "sim", "run", "korea-2017", "--replications", "1000"]
FIRST = (
    "import sim; from sim import kernel; from sim.engine.program import translate;"
    "kernel.simulate(translate(sim.load('korea-2017')), 1, 0, 1)"
)


def _quietly(command: list[str], env: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, env=env)


def memory(replications: Iterable[int]) -> dict[int, float]:
    """Peak memory in MB of runs that keep the summary alone, by number of replications."""
    found = {}
    for n in replications:
        code = (
            "import resource, sim; s = sim.load('korea-2017');"
            f"sim.run(s, ['proposal'], {n}, keep='summary', workers=2).frame;"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        found[n] = int(done.stdout) / 1024
    return found


# -- growth ---------------------------------------------------------------------------------------


def synthetic(clocks: int, horizon: float) -> Program:
    """A scenario with so many clocks: a quarter tracks, the rest shocks; events spread evenly.

    Shocks come in pairs, one that raises a condition and one that clears it, and a condition bears
    on the rates of two shocks: from 8 clocks on an event means the same work in every size.
    """
    tracks = max(1, clocks // 4)
    shocks = clocks - tracks
    text = f'title = "Growth"\nstart = 2020-01-01\nhorizon = {horizon}\ngoal = "c0"\n[conditions]\n'
    text += "".join(f"c{i} = {{ max = 3 }}\n" for i in range(shocks))
    for i in range(tracks):
        text += (
            f'[tracks.t{i}]\n[[tracks.t{i}.stages]]\nname = "s"\nduration = {{ mean = 60 }}\n'
            f'success = 0.2\nsetbacks = [ {{ name = "no{i}", delay = {{ mean = 30 }} }} ]\n'
        )
    for i in range(shocks):
        verb = "raises" if i % 2 else "clears"
        text += f'[shocks.k{i}]\nrate = 6\n{verb} = ["c{i - i % 2}"]\n'
        text += f'[[influences]]\nof = "c{i - i % 2}"\non = "k{(i + 1) % shocks}"\nrate = 1.1\n'
    return translate(sim.loads(text))


# The entries of an event log that stand for one event each.
EVENTS = {"OPENS", "FADES", "HAPPENS", "PASSES", "SUCCEEDS", "FAILS", "RESUMES", "LEAVES"}


def events_a_history(case: Program, least: int) -> float:
    """Mean number of events of the first replications that have so many together."""
    events = replications = 0
    while events < least:
        events += sum(
            what.name in EVENTS for _, what, *_ in kernel.trace(case, SEED, replications)[1]
        )
        replications += 1
    return events / replications


def growth(sizes: Iterable[int], pairs: int) -> dict[int, list[float]]:
    """Nanoseconds an event, by number of clocks, each size in turn and again.

    The replications are so many that what is done once a call (the plan, two milliseconds at 512
    clocks) does not count.
    """
    works = {}
    for clocks in sizes:
        case = synthetic(clocks, 700.0)
        events = events_a_history(case, 50_000)
        works[clocks] = (case, events, int(2_000_000 / events))
        kernel.simulate(case, SEED, 0, 2)
    found: dict[int, list[float]] = {clocks: [] for clocks in works}
    for _ in range(pairs):
        for clocks, (case, events, n) in works.items():
            taken = seconds(lambda c=case, m=n: kernel.simulate(c, SEED, 0, m))
            found[clocks].append(taken / n / events * 1e9)
    return found


def horizons(days: Iterable[float]) -> dict[float, float]:
    """Microseconds a replication, by horizon, of a process that goes on and on."""
    found = {}
    for horizon in days:
        case = synthetic(24, horizon)
        kernel.simulate(case, SEED, 0, 2)
        n = max(20, int(2_000_000 / horizon))
        found[horizon] = min(
            seconds(lambda c=case, m=n: kernel.simulate(c, SEED, 0, m)) / n for _ in range(3)
        ) * 1e6  # fmt: skip
    return found


# -- telling --------------------------------------------------------------------------------------


def machine() -> str:
    """Where this was measured."""
    packages = ("simpy", "numpy", "numba", "pandas")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(x.split(":")[1].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        pass
    python = platform.python_version()
    return f"{model}, {os.cpu_count()} processors; Python {python}, {versions}"


def figure(per_history: dict[str, float], by_clocks: dict[int, float]) -> None:
    """The engines side by side, and the growth with the number of clocks."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = Figure(figsize=(10, 3.8), layout="constrained")
    FigureCanvasAgg(picture)
    left, right = picture.subplots(1, 2, width_ratios=(1.25, 1))
    names = {
        "simpy": "SimPy engine", "plain": "plain SimPy model", "one thread": "compiled, one thread",
        "two threads": "compiled, two threads", "floor": "random draws alone",
    }  # fmt: skip
    values = [per_history[name] * 1e6 for name in names]
    left.barh(list(names.values()), values, color="#0173b2")
    left.set_xscale("log")
    left.set_xlim(min(values) / 2, max(values) * 6)
    left.invert_yaxis()
    for y, value in enumerate(values):
        left.text(value * 1.15, y, f"{short(value)} µs", va="center")
    left.set_xlabel("microseconds a replication of korea-2017 (log scale)")
    right.plot(list(by_clocks), list(by_clocks.values()), marker="o", color="#d55e00")
    right.set_xscale("log", base=2)
    right.set_xticks(list(by_clocks), [str(n) for n in by_clocks])
    right.set_ylim(0, max(by_clocks.values()) * 1.2)
    right.set_xlabel("tracks and shocks")
    right.set_ylabel("nanoseconds an event")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    picture.savefig(DOCS / "speed.png", dpi=150)


def main() -> int:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer pairs, smaller runs")
    parser.add_argument("--write", action="store_true", help="put table and figure into docs/")
    options = parser.parse_args()
    pairs = 3 if options.quick else 7
    ratios, per_history = engines(pairs)
    whole, cold = processes_of_the_system(pairs)
    grown = growth((8, 16, 64, 512) if options.quick else (8, 16, 32, 64, 128, 256, 512), pairs)
    by_clocks = {clocks: min(taken) for clocks, taken in grown.items()}
    by_horizon = horizons((365.0, 1826.0, 7300.0))
    peaks = memory((100_000, 1_000_000) if options.quick else (100_000, 10_000_000))
    bare = bare_events()
    small, large = peaks.values()
    ratios += whole
    found = [many / few for many, few in zip(grown[512], grown[16], strict=True)]
    ratios.append(Ratio("cost of an event, 512 clocks / 16 clocks", found, "at most 1.6"))
    what = " / ".join(f"{n:,}" for n in reversed(peaks))
    ratios.append(
        Ratio(f"peak memory, {what} replications (summary)", [large / small], "at most 1.2")
    )
    lines = [
        "# Speed", "",
        "`python benchmarks/speed.py --write` measures all of this in one run, and writes it here.",
        f"Measured on: {machine()}.", "",
        "| ratio | median | lowest to highest | wanted |", "|:--|--:|--:|--:|",
        *(ratio.line for ratio in ratios), "",
        "| a replication of korea-2017, strategy proposal | microseconds |", "|:--|--:|",
        *(f"| {n} | {short(per_history[n] * 1e6)} |" for n in
          ("simpy", "plain", "one thread", "two threads", "floor")), "",
        "| clocks | nanoseconds an event |", "|--:|--:|",
        *(f"| {n} | {ns:.0f} |" for n, ns in by_clocks.items()), "",
        "| horizon, days | microseconds a replication (24 clocks) |", "|--:|--:|",
        *(f"| {days:.0f} | {us:.1f} |" for days, us in by_horizon.items()), "",
        "| replications, summary kept | peak memory, MB |", "|--:|--:|",
        *(f"| {n:,} | {mb:.0f} |" for n, mb in peaks.items()), "",
        "The first replication, compilation and the start of the process included: "
        f"{statistics.median(cold):.1f} s ({min(cold):.1f} to {max(cold):.1f}, at most 15 wanted). "
        "Bare timeouts a second, for "
        f"orientation: {', '.join(f'{name} {rate:,.0f}' for name, rate in bare.items())}.", "",
        "![Microseconds a replication by engine; nanoseconds an event by number of clocks]"
        "(speed.png)",
    ]  # fmt: skip
    print("\n".join(lines))
    if options.write:
        DOCS.mkdir(exist_ok=True)
        (DOCS / "speed.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        figure(per_history, by_clocks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
