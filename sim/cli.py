"""The commands of ``detente``.

Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sim import __version__

REPLICATIONS = 2000
EXAMPLES = """\
examples:
  detente list                                   what is in the catalog
  detente run korea-2017                         all strategies, 2,000 histories each
  detente compare korea-2017 --baseline proposal
  detente explain korea-2017 --strategy proposal  where its days go, and what costs most
  detente diff korea-2017 --a proposal --b all_parallel --replication 7
  detente search korea-2017 --never bilateral    which order, with which postures
  detente sensitivity korea-2017 --strategy proposal
  detente robust korea-2017 --draws 500          where another strategy would be best
  detente tell korea-2017 --strategy proposal --replication 7
  detente report results/korea-2017-seed1        one page for the browser, or for print
  detente check my-scenario.toml                 what is wrong with a file
  detente assumptions korea-2017                 what each number rests on
"""


KEPT = "what was finished is kept"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    _prepare_streams()
    options = parser().parse_args(arguments)
    before = [signal.signal(number, _stop) for number in STOPS]
    try:
        return _guarded(options)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _drop_output()
        return 0
    except KeyboardInterrupt:
        kept = "nothing is kept of a search" if options.command is search else KEPT
        print(f"stopped; {kept}", file=sys.stderr)
        return 130
    finally:
        for number, handler in zip(STOPS, before, strict=True):
            signal.signal(number, handler)


STOPS = (signal.SIGINT, signal.SIGTERM)


def _stop(*_: Any) -> NoReturn:
    # A second signal, while the first one is obeyed, would tear what is being finished.
    for number in STOPS:
        signal.signal(number, lambda *_: None)
    raise KeyboardInterrupt


def _prepare_streams() -> None:
    """A terminal that cannot show a letter shows its code; a stream that is closed takes all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    # What is left in the buffer would fail once more at the end.
    with contextlib.suppress(OSError):  # an output that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    except MemoryError:
        print("out of memory", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        _drop_output()
        return 1


# -- the commands ---------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """``detente run``: histories into a results folder, with summary and figures."""
    from sim import printing, report

    results = _results(options)
    print(printing.as_text(report.summarise(results, options.endpoint)))
    _say_where(results, _figures(results, options, None))
    return 0


def compare(options: argparse.Namespace) -> int:
    """``detente compare``: strategies ranked, with paired differences and what they say."""
    from sim import assumptions, decision, printing, report

    _check_comparison(options)
    results = _results(options)
    print(printing.as_text(report.summarise(results, options.endpoint)), end="\n\n")
    found = decision.compare(
        results, options.baseline, options.endpoint, draw=not options.no_figures
    )
    print(f"{found.text}\n\n{assumptions.caution(results.scenario)}")
    _say_where(results, [*_figures(results, options, options.baseline), *found.figures])
    return 0


def explain(options: argparse.Namespace) -> int:
    """``detente explain``: why strategies do as they do: time budgets, and what costs most."""
    from sim import decision

    scenario, out = _scenario(options), _writable(options.out or "results/explain")
    found = decision.explain(scenario, options.strategy, options.replications, options.seed, out)
    _say(found, out)
    return 0


def diff(options: argparse.Namespace) -> int:
    """``detente diff``: the same world under two strategies, side by side."""
    from sim import decision

    scenario, out = _scenario(options), _writable(options.out or "results")
    found = decision.diff(
        scenario, options.a, options.b, options.replication, options.replications, options.seed, out
    )
    _say(found, out)
    return 0


def _say(found: Any, folder: Path) -> None:
    print(found.text)
    print(f"\nresults: {folder}")
    for figure in found.figures:
        print(f"figure:  {figure}.png")


def search(options: argparse.Namespace) -> int:
    """``detente search``: every order of the tracks, and every posture: the best, and the front."""
    from sim import sequencing

    scenario = _scenario(options)
    if not options.quiet:
        _announce_compilation()
    asked = {name: getattr(options, name) for name in SEARCHED} | {
        "stages": options.after == "stages"
    }
    if asked["zone"] is not None and options.measure == "share":
        asked["zone"] /= 100  # given in points
    default = sequencing.default_folder(scenario, options.seed, **asked)
    quiet = options.quiet or not sys.stderr.isatty()
    found = sequencing.search(
        scenario, **asked, seed=options.seed, workers=options.workers,
        out=options.out or default, quiet=quiet,
    )  # fmt: skip
    print(sequencing.as_text(found))
    print(f"\nresults: {found.folder}\nfigure:  {found.folder}/front.png")
    if options.save:
        sequencing.save(found, options.save)
        print(f"saved:   {options.save}")
    return 0


SEARCHED = ("tracks", "never", "optional", "postures", "priority", "measure", "zone", "confidence",
            "replications")  # fmt: skip


def sensitivity(options: argparse.Namespace) -> int:
    """``detente sensitivity``: which uncertain numbers move an outcome, and by how much."""
    from sim import studies

    scenario, how = _study(options, "sensitivity")
    strategies = options.strategy or [None]
    if len(strategies) > 1:
        _refuse("--strategy: found several; allowed: one, and another as --against")
    study = studies.study_sensitivity(
        scenario, strategies[0], options.measure, against=options.against, base=options.base,
        trajectories=options.trajectories, top=options.top, **how,
    )  # fmt: skip
    return _say_study(study, options.out)


def robust(options: argparse.Namespace) -> int:
    """``detente robust``: strategies x draws, and what would make another strategy best."""
    from sim import studies

    scenario, how = _study(options, "robust")
    numbers = tuple(options.map.split(",")) if options.map else None
    if numbers is not None and len(numbers) != 2:
        _refuse(f'--map: found "{options.map}"; allowed: two numbers, A,B')
    study = studies.study_robust(
        scenario, options.strategy, options.measure, draws=options.draws,
        baseline=options.baseline, fail=options.fail, margin=options.margin, numbers=numbers,
        better=options.better, **how,
    )  # fmt: skip
    return _say_study(study, options.out)


def tell(options: argparse.Namespace) -> int:
    """``detente tell``: one history, event by event, with its timeline chart."""
    from sim import plots, report

    scenario = _scenario(options)
    folder = _writable(options.out or "results")
    story = report.tell(
        scenario, options.strategy, options.replication, options.seed, options.engine
    )
    print(f"{story.title}\n{story.strategy}, replication {story.replication}, seed {story.seed}\n")
    for event in story.events.itertuples():
        why = f"  ({event.why})" if event.why else ""
        print(f"{event.date}  day {event.time:7.1f}  {event.entity}: {event.what}{why}")
    row = story.row
    print(f"\noutcome: {row['outcome']}, day {row['time']:.1f}")
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


def verify(options: argparse.Namespace) -> int:
    """``detente verify``: some histories of a results folder told again by both engines."""
    from sim import audit

    verdict = audit.verify(options.folder, options.sample, options.seed)
    for difference in verdict.differences:
        print(difference, file=sys.stderr)
    outcome = f"{len(verdict.differences)} differences" if verdict.differences else "all the same"
    print(
        f"{options.folder}: {verdict.parts} parts have their checksums; {verdict.histories} "
        f"histories told again by both engines: {outcome}"
    )
    return 1 if verdict.differences else 0


def report(options: argparse.Namespace) -> int:
    """``detente report``: a results folder as one HTML page that needs nothing else."""
    from sim import page

    print(page.write(options.folder, options.out, options.baseline, options.endpoint))
    return 0


def assumptions(options: argparse.Namespace) -> int:
    """``detente assumptions``: every number of a scenario, with its status and source."""
    from sim import assumptions

    table = assumptions.register(_scenario(options))
    if options.out is None:
        print(assumptions.as_text(table))
    else:
        assumptions.write(table, Path(options.out))
        print(f"{assumptions.counts(table)}\nwritten: {options.out}")
    return 0


def stress(options: argparse.Namespace) -> int:
    """``detente stress``: the STRESS checklist of a scenario, in Markdown."""
    from sim import stress

    text = stress.checklist(_scenario(options))
    if options.out is None:
        print(text, end="")
    else:
        Path(options.out).write_text(text, encoding="utf-8")
        print(f"written: {options.out}")
    return 0


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

    scenario = _scenario(options)
    known = [*scenario.conditions, *(f"{t.name}.{s.name}" for t in scenario.tracks.values()
                                     for s in t.stages)]  # fmt: skip
    if options.endpoint is not None and options.endpoint not in known:
        hint = experiment.nearest(options.endpoint, known)
        raise experiment.InputError(f'--endpoint: unknown condition "{options.endpoint}"{hint}')
    if options.engine == "compiled" and not options.quiet:
        _announce_compilation()
    how = {
        "draws": options.draws,
        "design": options.design,
        "law": options.law,
        "engine": options.engine,
        "workers": options.workers,
        "pool": options.pool,
        "dask": options.dask,
        "progress": _progress(options),
        "out": _writable(options.out or experiment.default_folder(scenario, options.seed)),
        "columns": _columns(options, scenario),
        "keep": getattr(options, "keep", "rows"),
        "most_events": options.max_events,
    }
    if options.precision is None:
        replications = options.replications or REPLICATIONS
        return experiment.run(scenario, options.strategy, replications, options.seed, **how)
    return _precisely(options, scenario, how)


def _precisely(options: argparse.Namespace, scenario: Any, how: dict[str, Any]) -> Any:
    from sim import experiment, precision

    if options.replications is not None:
        raise experiment.InputError("--precision: allowed with --max-replications instead of "
                                    "--replications")  # fmt: skip
    baseline = None
    if options.precision_of == "differences":
        known = options.strategy or experiment.names_of(scenario)
        baseline = getattr(options, "baseline", None) or known[0]
    wanted = precision.parse(options.precision, baseline, options.max_replications)
    results = precision.run(scenario, wanted, options.strategy, options.seed, **how)
    print(results.manifest["precision"]["why"])
    return results


def _study(options: argparse.Namespace, kind: str) -> tuple[Any, dict[str, Any]]:
    """The scenario, and what both studies of its numbers are asked."""
    from sim import studies

    scenario = _scenario(options)
    options.out = _writable(options.out or studies.default_folder(scenario, options.seed, kind))
    if not options.quiet:
        _announce_compilation()
    shown = not options.quiet and sys.stderr.isatty()
    return scenario, {
        "replications": options.replications,
        "seed": options.seed,
        "workers": options.workers,
        "progress": shown,
    }


def _say_study(study: Any, folder: Path) -> int:
    figures = study.write(folder)
    print(study.text)
    print(f"\nresults: {folder}")
    for figure in figures:
        print(f"figure:  {figure}.png")
    return 0


def _refuse(message: str) -> NoReturn:
    from sim.experiment import InputError

    raise InputError(message)


def _progress(options: argparse.Namespace) -> str:
    if options.log_json:
        return "json"
    return "none" if options.quiet or not sys.stderr.isatty() else "bar"


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


def _check_comparison(options: argparse.Namespace) -> None:
    from sim import experiment

    known = options.strategy or experiment.names_of(_scenario(options))
    if options.baseline is not None and options.baseline not in known:
        hint = experiment.nearest(options.baseline, known)
        raise experiment.InputError(f'--baseline: unknown strategy "{options.baseline}"{hint}')
    if len(set(known)) < 2:
        raise experiment.InputError("there is only one strategy; a comparison needs two")


def _figures(results: Any, options: argparse.Namespace, baseline: str | None) -> Sequence[Path]:
    from sim import report

    return [] if options.no_figures else report.figures(results, baseline, options.endpoint)


def _say_where(results: Any, figures: Sequence[Path]) -> None:
    print(f"\nresults: {results.folder}")
    for figure in figures:
        print(f"figure:  {figure}.png")


def _writable(folder: str | Path) -> Path:
    from sim.experiment import InputError

    path = Path(folder)
    try:
        str(path).encode()
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except FileExistsError:
        raise InputError(f"{path}: is a file; allowed: a results folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written to ({error.strerror})") from None
    except ValueError:
        raise InputError(f"{folder!r}: no name of a folder; allowed: a name in UTF-8") from None


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
    one = _command(commands, "search", search, "every order of the tracks, and every posture")
    _add_scenario(one)
    _add_search(one)
    one = _command(commands, "sensitivity", sensitivity,
                   "which uncertain numbers move an outcome, and by how much")  # fmt: skip
    _add_scenario(one)
    _add_strategies(one)
    _add_study(one, 100)
    _add_sensitivity(one)
    one = _command(commands, "robust", robust,
                   "regret over draws, and what would make another strategy the best")  # fmt: skip
    _add_scenario(one)
    _add_strategies(one)
    _add_study(one, 200)
    _add_robust(one)
    one = _command(commands, "tell", tell, "tell one history, event by event, with its timeline")
    _add_scenario(one)
    one.add_argument("--strategy", metavar="S", help="its strategy (default: the first)")
    one.add_argument("--replication", type=_whole(0, 2**63 - 1), default=0, metavar="R",
                     help="which history (default: 0)")  # fmt: skip
    one.add_argument("--engine", choices=["simpy", "compiled"], default="simpy")
    for name, command, about in (
        ("explain", explain, "why strategies do as they do: where days go, what costs most"),
        ("diff", diff, "the same world under two strategies, side by side"),
    ):
        one = _command(commands, name, command, about)
        _add_scenario(one)
        if name == "explain":
            _add_strategies(one)
        one.add_argument("--replications", type=_whole(1, 10**6), default=500, metavar="N",
                         help="histories told with their events (default: 500)")  # fmt: skip
    one.add_argument("--a", metavar="S1", required=True, help="a strategy")
    one.add_argument("--b", metavar="S2", required=True, help="another strategy")
    one.add_argument("--replication", type=_whole(0, 2**63), default=0, metavar="R",
                     help="the world that is told (default: 0)")  # fmt: skip
    one = _command(commands, "check", check, "list every fault of files; run nothing")
    one.add_argument("files", nargs="+", metavar="FILE", help="a scenario file or a catalog name")
    one.add_argument("--describe", action="store_true", help="tell the model in plain sentences")
    one = _command(commands, "verify", verify, "tell some histories of a results folder again")
    one.add_argument("folder", metavar="DIR", help="a results folder")
    one.add_argument("--sample", type=_whole(1, 10**6), default=50, metavar="N",
                     help="how many histories (default: 50)")  # fmt: skip
    one.add_argument("--seed", type=_whole(0, 2**64 - 1), default=0, metavar="K",
                     help="of their choice (default: 0)")  # fmt: skip
    one = _command(commands, "report", report, "one self-contained HTML page from a results folder")
    one.add_argument("folder", metavar="DIR", help="a results folder")
    one.add_argument("--out", metavar="FILE", help="the page (default: report.html in DIR)")
    one.add_argument("--baseline", metavar="S", help="as for compare (default: the first)")
    one.add_argument("--endpoint", metavar="C", help="as for run (default: the goal)")
    one = _command(commands, "assumptions", assumptions,
                   "every number of a scenario: unit, range, status, source")  # fmt: skip
    one.add_argument("scenario", metavar="SCENARIO", help="a catalog name or a path")
    one.add_argument("--strategies", action="append", default=[], metavar="FILE",
                     help="a file with further strategies; may be repeated")  # fmt: skip
    one.add_argument("--out", metavar="FILE", help="write it as .csv or .md")
    one = _command(commands, "stress", stress,
                   "the STRESS checklist of a scenario, filled from the model")  # fmt: skip
    one.add_argument("scenario", metavar="SCENARIO", help="a catalog name or a path")
    one.add_argument("--strategies", action="append", default=[], metavar="FILE",
                     help="a file with further strategies; may be repeated")  # fmt: skip
    one.add_argument("--out", metavar="FILE", help="write it as Markdown")
    _command(commands, "list", list_catalog, "the scenarios that ship, and their strategies")
    return top


def _command(commands: Any, name: str, command: Any, about: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    one.set_defaults(command=command)
    return one


def _add_scenario(one: argparse.ArgumentParser) -> None:
    one.add_argument("scenario", metavar="SCENARIO", help="a catalog name or a path")
    one.add_argument("--strategies", action="append", default=[], metavar="FILE",
                     help="a file with further strategies; may be repeated")  # fmt: skip
    one.add_argument("--seed", type=_whole(0, 2**64 - 1), default=1, metavar="K",
                     help="the world's luck (default: 1)")  # fmt: skip
    one.add_argument("--out", metavar="DIR", help="results folder (default: below results/)")


def _add_strategies(one: argparse.ArgumentParser) -> None:
    one.add_argument("--strategy", action="append", metavar="S",
                     help="a strategy; may be repeated (default: all)")  # fmt: skip


# fmt: off
def _add_run(one: argparse.ArgumentParser) -> None:
    _add_strategies(one)
    one.add_argument("--replications", type=_whole(1, 10**12), metavar="N",
                     help=f"histories of each strategy and draw (default: {REPLICATIONS})")
    one.add_argument("--engine", choices=["compiled", "simpy"], default="compiled",
                     help="both tell the same histories; compiled is the fast one")
    one.add_argument("--draws", type=_draws, default=0, metavar="N|FILE",
                     help="sets of uncertain numbers: how many to sample from their ranges, or a "
                     "CSV file (default: 0, the likely value of each)")
    one.add_argument("--design", choices=["sobol", "lhs"], default="sobol",
                     help="how draws fill the space of the numbers (default: sobol)")
    one.add_argument("--law", choices=["pert", "uniform", "loguniform"], default="as in the file",
                     help="of every range in the draws (default: as in the file)")
    one.add_argument("--workers", type=_whole(1, 1024), metavar="N",
                     help="threads or processes (default: one a core)")
    one.add_argument("--pool", choices=["threads", "processes"],
                     help="of workers (default: threads for the compiled engine, else processes)")
    one.add_argument("--dask", metavar="ADDRESS",
                     help="scheduler of a Dask cluster, or `local` for one on this machine")
    one.add_argument("--precision", metavar="P",
                     help="go on until the share frozen is known within P to either side (0.01), "
                     "or the restricted mean time within so many days (10d)")
    one.add_argument("--precision-of", choices=["strategies", "differences"], default="strategies",
                     help="of each strategy, or of the differences to the baseline")
    one.add_argument("--max-replications", type=_whole(1, 10**9), default=10**6, metavar="N",
                     help="where --precision ends in any case (default: 1,000,000)")
    one.add_argument("--max-events", type=_whole(1, 10**15), default=10**7, metavar="N",
                     help="of one history; one with more fails (default: 10,000,000)")
    one.add_argument("--endpoint", metavar="C",
                     help="the condition whose times are told (default: the goal)")
    one.add_argument("--columns", metavar="A,B",
                     help="write these columns, and what the summary needs, only")
    one.add_argument("--no-figures", action="store_true", help="draw no figures")
    one.add_argument("--quiet", action="store_true", help="no progress bar")
    one.add_argument("--log-json", action="store_true",
                     help="progress as lines of JSON, for machines")


def _add_study(one: argparse.ArgumentParser, replications: int) -> None:
    one.add_argument("--measure", default="reached", metavar="M",
                     help="reached, ruin, first_<condition>, each also with @DATE; "
                     "restricted_mean, held_<condition> (default: reached)")
    one.add_argument("--replications", type=_whole(1, 10**7), default=replications, metavar="N",
                     help=f"histories of each set of numbers (default: {replications})")
    one.add_argument("--workers", type=_whole(1, 1024), metavar="N",
                     help="threads (default: one a core)")
    one.add_argument("--quiet", action="store_true", help="no progress bar")


def _add_sensitivity(one: argparse.ArgumentParser) -> None:
    one.add_argument("--against", metavar="S", help="study the lead over this strategy instead")
    one.add_argument("--base", type=_whole(2, 2**20), default=512, metavar="N",
                     help="of the Sobol design, a power of 2 (default: 512)")
    one.add_argument("--trajectories", type=_whole(2, 10**5), default=20, metavar="N",
                     help="of the Morris screening (default: 20)")
    one.add_argument("--top", type=_whole(1, 10**4), default=20, metavar="N",
                     help="numbers with Sobol indices of their own; the others share one "
                     "(default: 20)")


def _add_robust(one: argparse.ArgumentParser) -> None:
    one.add_argument("--draws", type=_draws, default=500, metavar="N|FILE",
                     help="sets of uncertain numbers, or a CSV file of them (default: 500)")
    one.add_argument("--baseline", metavar="S",
                     help="strategy whose failures are explained (default: the first)")
    one.add_argument("--fail", type=float, metavar="X",
                     help="an outcome worse than this is a failure; shares as 0.2 (default: the "
                     "worst quarter of the draws)")
    one.add_argument("--margin", type=float, metavar="X",
                     help="a difference that matters (default: 0.01 of shares, 10 days)")
    one.add_argument("--map", metavar="A,B",
                     help="two numbers for the map (default: those that threaten the lead most)")
    one.add_argument("--better", choices=["more", "less"],
                     help="of the measure (default: less of ruin and of days until something)")
# fmt: on


def _draws(text: str) -> int | str:
    return _whole(0, 1_000_000)(text) if text.lstrip("+-").isdigit() else text  # type: ignore[no-any-return]


def _add_search(one: argparse.ArgumentParser) -> None:
    one.add_argument("--tracks", type=_names, metavar="A,B",
                     help="tracks to order; the others start as soon as they may "
                     "(default: all that can bring the goal nearer)")  # fmt: skip
    one.add_argument("--never", type=_names, default=(), metavar="A,B", help="tracks to leave out")
    one.add_argument("--optional", type=_names, default=(), metavar="A,B",
                     help="tracks to order that may also be left out")  # fmt: skip
    one.add_argument("--postures", type=_names, metavar="A,B",
                     help="postures to choose from (default: all marked ones)")  # fmt: skip
    one.add_argument("--priority", type=_names, default=(), metavar="A,B",
                     help="tracks that come first where several could start")  # fmt: skip
    one.add_argument("--after", choices=["tracks", "stages"], default="tracks",
                     help="what may be waited for: whole tracks, or stages too")  # fmt: skip
    one.add_argument("--measure", choices=["days", "share"], default="days",
                     help="fewest days without the goal, or largest share reaching it")  # fmt: skip
    one.add_argument("--zone", type=float, metavar="X",
                     help="a difference that does not matter, in days or percentage points "
                     "(default: 1 %% of the horizon; 1 point)")  # fmt: skip
    one.add_argument("--confidence", type=float, default=0.95, metavar="P",
                     help="of the choice (default: 0.95)")  # fmt: skip
    one.add_argument("--replications", type=_whole(2, 10**6), default=10_000, metavar="N",
                     help="new histories to measure the best in (default: 10000)")  # fmt: skip
    one.add_argument("--workers", type=_whole(1, 1024), metavar="N",
                     help="threads (default: one a core)")  # fmt: skip
    one.add_argument("--save", metavar="FILE", help="write the one chosen as a strategy file")
    one.add_argument("--quiet", action="store_true", help="no progress bar")


def _names(text: str) -> tuple[str, ...]:
    """Names with commas between them; an empty text is none."""
    return tuple(name.strip() for name in text.split(",")) if text.strip() else ()


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
