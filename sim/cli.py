"""The commands: ``detente run``, ``compare``, ``tell``, ``check`` and ``list``.

Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sim import __version__

EXAMPLES = """\
examples:
  detente list                                   what is in the catalog
  detente run korea-2017                         all strategies, 2,000 histories each
  detente compare korea-2017 --baseline proposal
  detente tell korea-2017 --strategy proposal --replication 7
  detente check my-scenario.toml                 what is wrong with a file
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        return int(_guarded(options))
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("stopped; what was finished is kept", file=sys.stderr)
        return 130


def _stop(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _guarded(options: argparse.Namespace) -> int:
    from sim.experiment import InputError, RunError
    from sim.program import ModelError
    from sim.scenario import ScenarioError

    try:
        code = options.command(options)
        sys.stdout.flush()
        return int(code)
    except (ScenarioError, InputError) as error:
        print(error, file=sys.stderr)
        return 2
    except (ModelError, RunError) as error:
        print(error, file=sys.stderr)
        return 1


# -- the commands ---------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """``detente run``: histories into a results folder, with summary and figures."""
    from sim import report, statistics

    results = _results(options)
    print(statistics.as_text(report.summarise(results, options.endpoint)))
    _say_where(results, report.figures(results, None, options.endpoint))
    return 0


def compare(options: argparse.Namespace) -> int:
    """``detente compare``: strategies ranked, with paired differences to a baseline."""
    from sim import report, statistics

    _check_baseline(options)
    results = _results(options)
    print(statistics.as_text(report.summarise(results, options.endpoint)))
    print()
    print(_differences(report.differences(results, options.baseline, options.endpoint)))
    _say_where(results, report.figures(results, options.baseline, options.endpoint))
    return 0


def tell(options: argparse.Namespace) -> int:
    """``detente tell``: one history, event by event, with its timeline chart."""
    from sim import plots, report

    scenario = _scenario(options)
    strategy = options.strategy[-1] if options.strategy else None
    story = report.tell(scenario, strategy, options.replication, options.seed, options.engine)
    print(f"{story.title}\n{story.strategy}, replication {story.replication}, seed {story.seed}\n")
    for event in story.events.itertuples():
        why = f"  ({event.why})" if event.why else ""
        print(f"{event.date}  day {event.time:7.1f}  {event.entity}: {event.what}{why}")
    row = story.row
    print(f"\noutcome: {row['outcome']}, day {row['time']:.1f}")
    folder = _writable(options.out or "results")
    path = folder / f"{scenario.name}-{story.strategy}-{story.replication}-seed{story.seed}"
    plots.save(plots.timeline(story).figure, path)
    print(f"timeline: {path}.png")
    return 0


def check(options: argparse.Namespace) -> int:
    """``detente check``: every fault of the files, and what their author may have misjudged."""
    from sim import scenario

    wrong = False
    for file in options.files:
        faults, warnings, facts = scenario.check(file)
        for fault in faults:
            print(fault, file=sys.stderr)
        for kind, notes in (("warning", warnings), ("fact", facts)):
            for note in notes:
                print(f"{kind}: {note}")
        wrong = wrong or bool(faults)
        if not faults:
            print(f"{file}: is valid")
            if options.describe:
                print(scenario.load(file).describe())
    return 2 if wrong else 0


def list_catalog(_: argparse.Namespace) -> int:
    """``detente list``: the scenarios that ship, and their strategies."""
    from sim import scenario

    for name in scenario.catalog():
        loaded = scenario.load(name)
        print(f"{name}  {loaded.title}")
        for strategy in loaded.strategies.values():
            print(f"    {strategy.name:20}  {strategy.about or ''}".rstrip())
    return 0


# -- parts of commands ----------------------------------------------------------------------------


def _scenario(options: argparse.Namespace) -> Any:
    from sim import scenario

    return scenario.load(options.scenario, options.strategies)


def _results(options: argparse.Namespace) -> Any:
    from sim import experiment

    if options.draws not in (None, 0, 1):
        raise experiment.InputError(
            f"--draws: found {options.draws}; allowed so far: 1, the likely value of each number"
        )
    scenario = _scenario(options)
    known = [*scenario.conditions, *(f"{t.name}.{s.name}" for t in scenario.tracks.values()
                                     for s in t.stages)]  # fmt: skip
    if options.endpoint is not None and options.endpoint not in known:
        hint = experiment.nearest(options.endpoint, known)
        raise experiment.InputError(f'--endpoint: unknown condition "{options.endpoint}"{hint}')
    quiet = options.quiet or not sys.stderr.isatty()
    if options.engine == "compiled" and not options.quiet:
        _announce_compilation()
    return experiment.run(
        scenario,
        options.strategy,
        options.replications,
        options.seed,
        engine=options.engine,
        workers=options.workers,
        out=options.out or experiment.default_folder(scenario, options.seed),
        quiet=quiet,
        columns=_columns(options, scenario),
        keep=getattr(options, "keep", "rows"),
    )


def _columns(options: argparse.Namespace, scenario: Any) -> list[str] | None:
    """The columns asked for, with those that the summary and the figures are made of."""
    if not options.columns:
        return None
    ends = [end for end in (scenario.goal, scenario.ruin, options.endpoint) if end]
    return [*options.columns.split(","), "outcome", "time", *(f"first_{end}" for end in ends)]


def _announce_compilation() -> None:
    from sim import kernel

    if not kernel.is_compiled():
        print("compiling the engine, once for this version: about 15 seconds", file=sys.stderr)


def _check_baseline(options: argparse.Namespace) -> None:
    from sim import experiment

    known = options.strategy or experiment.names_of(_scenario(options))
    if options.baseline is not None and options.baseline not in known:
        hint = experiment.nearest(options.baseline, known)
        raise experiment.InputError(f'--baseline: unknown strategy "{options.baseline}"{hint}')


def _differences(table: Any) -> str:
    lines = [f"differences to {table['baseline'].iloc[0]}, run by run in the same worlds:"]
    for row in table[table["measure"].isin(["reached", "restricted_mean", "ruin"])].itertuples():
        unit, times = ("points", 100) if row.unit == "share" else ("days", 1)
        lines.append(
            f"  {row.strategy:20} {row.measure:16} {times * row.best:+8.1f} {unit:6} "
            f"({times * row.low:+.1f} to {times * row.high:+.1f}); "
            f"common random numbers save a factor of {row.saving:.1f}"
        )
    return "\n".join(lines)


def _say_where(results: Any, figures: Sequence[Path]) -> None:
    print(f"\nresults: {results.folder}")
    for figure in figures:
        print(f"figure:  {figure}.png")


def _writable(folder: str) -> Path:
    from sim.experiment import InputError

    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written to ({error.strerror})") from None
    return path


# -- options --------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="detente",
        description="Simulate negotiations on several tracks, and compare ways of opening them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"detente {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, command, about in (
        ("run", run, "tell thousands of histories and summarise them"),
        ("compare", compare, "rank all strategies, with paired differences to a baseline"),
    ):
        one = _command(commands, name, command, about)
        _add_scenario(one)
        _add_run(one)
    commands.choices["run"].add_argument(
        "--keep", choices=["rows", "summary"], default="rows",
        help="summary: exact counts by day instead of rows, in little memory",
    )  # fmt: skip
    commands.choices["compare"].add_argument(
        "--baseline", metavar="S", help="strategy to hold the others against (default: the first)"
    )
    one = _command(commands, "tell", tell, "tell one history, event by event, with its timeline")
    _add_scenario(one)
    one.add_argument("--replication", type=_whole(0, 2**63 - 1), default=0, metavar="R",
                     help="which history (default: 0)")  # fmt: skip
    one.add_argument("--engine", choices=["simpy", "compiled"], default="simpy")
    one = _command(commands, "check", check, "list every fault of files; run nothing")
    one.add_argument("files", nargs="+", metavar="FILE", help="a scenario file or a catalog name")
    one.add_argument("--describe", action="store_true", help="tell the model in plain sentences")
    _command(commands, "list", list_catalog, "the scenarios that ship, and their strategies")
    return top


def _command(commands: Any, name: str, command: Any, about: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    one.set_defaults(command=command)
    return one


def _add_scenario(one: argparse.ArgumentParser) -> None:
    one.add_argument("scenario", metavar="SCENARIO", help="a catalog name or a path")
    one.add_argument("--strategy", action="append", metavar="S",
                     help="a strategy; may be repeated (default: all)")  # fmt: skip
    one.add_argument("--strategies", action="append", default=[], metavar="FILE",
                     help="a file with further strategies; may be repeated")  # fmt: skip
    one.add_argument("--seed", type=_whole(0, 2**64 - 1), default=1, metavar="K",
                     help="the world's luck (default: 1)")  # fmt: skip
    one.add_argument("--out", metavar="DIR", help="results folder (default: below results/)")


def _add_run(one: argparse.ArgumentParser) -> None:
    one.add_argument("--replications", type=_whole(1, 10**12), default=2000, metavar="N",
                     help="histories of each strategy (default: 2000)")  # fmt: skip
    one.add_argument("--engine", choices=["compiled", "simpy"], default="compiled",
                     help="both tell the same histories; compiled is the fast one")  # fmt: skip
    one.add_argument("--draws", type=_whole(0, 10**9), metavar="N",
                     help="draws of the uncertain numbers (so far: 1)")  # fmt: skip
    one.add_argument("--workers", type=_whole(1, 1024), metavar="N",
                     help="threads or processes (default: one a core)")  # fmt: skip
    one.add_argument("--endpoint", metavar="C",
                     help="the condition whose times are told (default: the goal)")  # fmt: skip
    one.add_argument("--columns", metavar="A,B",
                     help="write these columns only, with what the summary needs")  # fmt: skip
    one.add_argument("--quiet", action="store_true", help="no progress bar")


def _whole(low: int, high: int) -> Any:
    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"found {text}; allowed: {low} to {high}")
        return number

    return whole
