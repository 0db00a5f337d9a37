"""The commands of ``detente``.

Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import _thread
import argparse
import atexit
import contextlib
import gc
import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from sim.cli.arguments import MEASURE, REPLICATIONS, parser
from sim.errors import InputError, ModelError, RunError, ScenarioError, unknown

KEPT = dict.fromkeys(("run", "compare"), "what was finished is kept")
NOTHING = "nothing is written before the end"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    _prepare_streams()
    # Python would look for garbage among all that the libraries hold, before it ends.
    atexit.register(gc.freeze)
    options = parser().parse_args(arguments)
    if options.command is None:
        parser().print_help(sys.stderr)
        return 2
    # Libraries make very many objects that stay; to look through them takes a tenth of a run.
    thresholds = gc.get_threshold()
    gc.set_threshold(50 * thresholds[0], *thresholds[1:])
    before = [signal.signal(number, _stop) for number in STOPS]
    dropped, sys.unraisablehook = sys.unraisablehook, _dropped
    try:
        return _guarded(options)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _drop_output()
        return 0
    except ImportError as error:
        if error.name != "numba":  # which may be kept from starting by its environment variables
            raise
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"stopped; {KEPT.get(options.command, NOTHING)}", file=sys.stderr)
        return 130
    finally:
        sys.unraisablehook = dropped
        gc.set_threshold(*thresholds)
        for number, handler in zip(STOPS, before, strict=True):
            signal.signal(number, handler)


STOPS = (signal.SIGINT, signal.SIGTERM)


def _stop(*_: Any) -> NoReturn:
    # A second signal, while the first one is obeyed, would tear what is being finished.
    for number in STOPS:
        signal.signal(number, lambda *_: None)
    raise KeyboardInterrupt


SECONDS_LATER = 0.02


def _dropped(error: Any) -> None:
    """An error that Python drops, as in the callback of a weak reference; a stop comes again."""
    if error.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(error)
        return
    for number in STOPS:
        signal.signal(number, _stop)
    again = threading.Timer(SECONDS_LATER, _thread.interrupt_main)
    again.daemon = True
    again.start()


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
    try:
        _check_environment()
        done = COMMANDS[options.command](options)
        sys.stdout.flush()
        return done
    except MemoryError:
        print("out of memory", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        _drop_output()
        return 1
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        print(error, file=sys.stderr)
        return code


# Variables with which NumPy cannot be imported unless it can read them; how, and what is allowed.
ENVIRONMENT: dict[str, tuple[Callable[[str], Any], str]] = {
    "SOURCE_DATE_EPOCH": (lambda text: time.localtime(int(text)), "whole seconds since 1970"),
    "NUMPY_MADVISE_HUGEPAGE": (int, "0 or 1"),
}


def _check_environment() -> None:
    for name, (read, allowed) in ENVIRONMENT.items():
        if (found := os.environ.get(name)) is not None:
            try:
                read(found)
            except (ValueError, OverflowError, OSError):
                _reject(f'environment: found {name}="{found}"; allowed: {allowed}, or unset')


def _code_of(error: Exception) -> int | None:
    """The exit code of an error in the input or the model; None for a defect of the program."""
    if isinstance(error, (ScenarioError, InputError)):
        return 2
    return 1 if isinstance(error, (ModelError, RunError)) else None


# -- the commands ---------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """``detente run``: replications into a results folder, with summary and figures."""
    from sim.reporting import summary, text_tables

    results = _results(options)
    print(text_tables.as_text(summary.summarise(results, options.endpoint)))
    _print_milestones(results, options.endpoint)
    figures = [] if options.no_figures else summary.figures(results, None, options.endpoint)
    _print_notes_on_strategies(results.scenario, results.manifest["strategies"])
    _print_folder(results, figures)
    return 0


def compare(options: argparse.Namespace) -> int:
    """``detente compare``: strategies ranked, with paired differences and what they say."""
    from sim.reporting import summary, text_tables
    from sim.reporting.sections import Bullets, as_text
    from sim.studies.compare import compare

    _check_comparison(options)
    results = _results(options)
    study = compare(results, baseline=options.baseline, endpoint=options.endpoint)
    table = text_tables.as_text(summary.summarise(results, options.endpoint))
    print(f"{as_text([Bullets(study.answer)])}\n\n{table}")
    _print_milestones(results, options.endpoint)
    if options.full:
        print(f"\n{as_text(study.sections[1:])}")
    _print_notes_on_strategies(results.scenario, results.manifest["strategies"])
    drawn = []
    if not options.no_figures:
        drawn = summary.figures(
            results, options.baseline, options.endpoint, table=study.tables["differences"]
        )
    drawn += study.save(results.folder, figures=not options.no_figures)
    _print_folder(results, drawn)
    return 0


def _print_milestones(results: Any, endpoint: str | None) -> None:
    """The summary by each milestone, best strategy first, beside the one by the endpoint."""
    from sim.reporting import text_tables

    for name in results.scenario.milestones:
        if name != (endpoint or results.scenario.goal):
            print(f"\nby the milestone {name}:\n{text_tables.as_text(results.summary(name))}\n")


def _print_notes_on_strategies(scenario: Any, names: Sequence[str]) -> None:
    from sim.scenario import linting

    strategies = [scenario.strategy(name).chosen for name in names]
    for sentence in linting.notes_on_strategies(scenario, strategies):
        print(_wrapped(f"note: {sentence}"))


def _wrapped(sentence: str) -> str:
    from sim.reporting.sections import WIDTH

    return textwrap.fill(sentence, WIDTH)


def explain(options: argparse.Namespace) -> int:
    """``detente explain``: why strategies do as they do: time budgets and ablations."""
    from sim.studies.explain import explain

    scenario = _scenario(options)
    names = _chosen(scenario, options.strategy)
    folder = _folder(options, scenario, "explain", *(options.strategy or ()))
    study = explain(scenario, options.strategy, options.replications, options.seed, folder,
                    options.draws)  # fmt: skip
    return _print_study(study, folder, names, options.full)


def diff(options: argparse.Namespace) -> int:
    """``detente diff``: a paired replication, two strategies side by side."""
    from sim.studies.diff import diff

    scenario, names = _scenario(options), [options.a, options.b]
    for name in names:
        scenario.strategy(name)  # a folder is made of known names only
    which = f"{options.replication}-draw{options.draw}" if options.draw else options.replication
    folder = _folder(options, scenario, "diff", *names, str(which))
    study = diff(
        scenario, options.a, options.b, options.replication, options.replications, options.seed,
        folder, options.draw, options.draws,
    )  # fmt: skip
    return _print_study(study, folder, names, full=True)


def _folder(options: argparse.Namespace, scenario: Any, *asked: str) -> Path:
    """Where a command saves what it finds: ``--out``, or a name made of what was asked."""
    from sim.experiment.files import writable
    from sim.experiment.manifests import default_folder

    return writable(options.out or default_folder(scenario, options.seed, *asked))


def _print_study(study: Any, folder: Path, names: Sequence[str], full: bool) -> int:
    """Print a study that was saved, whole or its answer, and notes on its strategies."""
    print(study.text if full else study.brief)
    _print_notes_on_strategies(study.scenario, names)
    print(f"\nresults: {folder}")
    for name in study.figure_names:
        print(f"figure:  {folder / name}.png")
    return 0


def search(options: argparse.Namespace) -> int:
    """``detente search``: every order of the tracks, and every posture: the best, and the front."""
    from sim.studies import search, sequence_search

    scenario = _scenario(options)
    if not options.quiet:
        _announce_compilation()
    asked = {name: getattr(options, name) for name in SEARCHED} | {
        "stages": options.after == "stages"
    }
    measure = sequence_search.measure_of(scenario, options.measure)
    if asked["zone"] is not None and measure.unit == sequence_search.SHARE:
        if not 0 < asked["zone"] < 100:
            _reject(f"--zone: found {asked['zone']:g}; allowed: more than 0 and less than 100 "
                    "percentage points")  # fmt: skip
        asked["zone"] /= 100
    if options.save:
        _check_file(options.save)
    folder = _folder(options, scenario, "search", search.digest(**asked))
    study = search.search(
        scenario, **asked, seed=options.seed, workers=options.workers, out=folder,
        quiet=options.quiet,
    )  # fmt: skip
    _print_study(study, folder, list(scenario.strategies), options.full)
    if options.save:
        Path(options.save).write_text(study.files[search.BEST_FILE], encoding="utf-8")
        print(f"saved:   {options.save}")
    return 0


SEARCHED = ("tracks", "never", "optional", "postures", "priority", "measure", "zone", "confidence",
            "replications")  # fmt: skip


def sensitivity(options: argparse.Namespace) -> int:
    """``detente sensitivity``: which uncertain parameters move an outcome, and by how much."""
    from sim.studies.sensitivity import sensitivity

    if len(options.strategy or ()) > 1:
        _reject("--strategy: found several; allowed: one, and another as --against")
    scenario = _scenario(options)
    names = _chosen(scenario, options.strategy)[:1]
    names += _chosen(scenario, [options.against]) if options.against else []
    how = _measured(options, "sensitivity", scenario, names)
    study = sensitivity(
        scenario, names[0], options.measure, against=options.against, base=options.base,
        trajectories=options.trajectories, top=options.top, **how,
    )  # fmt: skip
    return _print_study(study, how["out"], names, options.full)


def robust(options: argparse.Namespace) -> int:
    """``detente robust``: strategies x draws, and what would make another strategy best."""
    from sim.studies.robustness import robust

    scenario = _scenario(options)
    names = _chosen(scenario, options.strategy)
    how = _measured(options, "robust", scenario, names)
    numbers = tuple(options.map.split(",")) if options.map else None
    if numbers is not None and len(numbers) != 2:
        _reject(f'--map: found "{options.map}"; allowed: two parameters, A,B')
    study = robust(
        scenario, options.strategy, options.measure, draws=options.draws,
        baseline=options.baseline, fail=options.fail, margin=options.margin, numbers=numbers,
        better=options.better, **how,
    )  # fmt: skip
    return _print_study(study, how["out"], names, options.full)


def trace(options: argparse.Namespace) -> int:
    """``detente trace``: one replication, event by event, with its timeline chart."""
    from sim.experiment.files import writable
    from sim.plotting import outcomes, style
    from sim.reporting import summary
    from sim.tracing.trace import is_main

    scenario = _scenario(options)
    folder = writable(options.out or "results")
    story = summary.trace(
        scenario, options.strategy, options.replication, options.seed, options.engine,
        options.draw, options.draws,
    )  # fmt: skip
    print(f"{story.title}\n{story.strategy}, {story.where}\n")
    events = story.events
    if options.brief:
        events = events[is_main(events, scenario)]
    for event in events.itertuples():
        why = f"  ({event.why})" if event.why else ""
        print(f"{event.date}  day {event.time:7.1f}  {event.entity}: {event.what}{why}")
    row = story.row
    print(f"\noutcome: {row['outcome']}, day {row['time']:.1f}")
    which = f"{story.replication}{f'-draw{options.draw}' * (options.draw > 0)}"
    path = folder / f"{scenario.name}-{story.strategy}-{which}-seed{story.seed}"
    style.save(outcomes.timeline(story).figure, path)
    print(f"timeline: {path}.png")
    return 0


def check(options: argparse.Namespace) -> int:
    """``detente check``: every issue of the files, warnings, and notes on what numbers imply."""
    from sim.scenario import scenario

    wrong = False
    for file in options.files:
        issues, warnings, notes = scenario.check(file)
        for issue in issues:
            print(issue, file=sys.stderr)
        for kind, found in (("warning", warnings), ("note", notes)):
            for one in found:
                print(f"{kind}: {one}")
        wrong = wrong or bool(issues)
        if not issues:
            print(f"{file}: is valid")
            if options.describe:
                print(scenario.load(file).describe())
    return 2 if wrong else 0


def verify(options: argparse.Namespace) -> int:
    """``detente verify``: whether a results folder holds what its manifest says."""
    from sim.experiment import verification
    from sim.formatting import many

    verdict = verification.verify(options.folder, options.sample, options.seed)
    for difference in verdict.differences:
        print(difference, file=sys.stderr)
    found = many(len(verdict.differences), "difference") if verdict.differences else "no difference"
    checked = "shard has its checksum" if verdict.shards == 1 else "shards have their checksums"
    print(
        f"{options.folder}: {verdict.shards:,} {checked}; "
        f"{many(verdict.replications, 'replication')} simulated again by both engines; "
        f"{found} from what the manifest promises"
    )
    return 1 if verdict.differences else 0


def report(options: argparse.Namespace) -> int:
    """``detente report``: a results folder as one HTML page that needs nothing else."""
    from sim.studies import pages

    print(pages.write(options.folder, options.out, options.baseline, options.endpoint))
    return 0


def explore(options: argparse.Namespace) -> int:
    """``detente explore``: the live page in the browser, until Ctrl-C."""
    from sim.experiment.files import writable_folder
    from sim.scenario.loading import catalog
    from sim.scenario.scenario import load

    try:
        from sim.app.scenario_library import Library
        from sim.app.web import server
        from sim.app.web.session_view import ServerSettings
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "sim":
            raise
        _reject('explore needs its web page: pip install "detente[explore]"')
    if options.scenario not in catalog() and not Path(options.scenario).exists():
        load(options.scenario)  # says what there is; the page lists the issues of a file
    with writable_folder(options.folder) as folder:
        library, name = Library.of(options.scenario, folder)
        _announce_compilation()
        room = ServerSettings(name, folder, library)

        def say(address: str) -> None:
            print(f"page:    {address}\nstop it with Ctrl-C", flush=True)
            if not options.no_browser:
                server.open_browser(address)

        server.serve(room, options.port, say)
    print("the page is closed")
    return 0


def assumptions(options: argparse.Namespace) -> int:
    """``detente assumptions``: every parameter of a scenario, with its status and source."""
    from sim.evidence import assumptions
    from sim.experiment.files import writable_folder

    table = assumptions.register(_scenario(options))
    if options.out is None:
        print(assumptions.as_text(table))
    else:
        with writable_folder(Path(options.out).parent):
            assumptions.write(table, Path(options.out))
        print(f"{assumptions.counts(table)}\nwritten: {options.out}")
    return 0


def stress(options: argparse.Namespace) -> int:
    """``detente stress``: the STRESS checklist of a scenario, in Markdown."""
    from sim.experiment.files import writable_folder
    from sim.reporting import stress_des

    text = stress_des.checklist(_scenario(options))
    if options.out is None:
        print(text, end="")
    else:
        with writable_folder(Path(options.out).parent):
            Path(options.out).write_text(text, encoding="utf-8")
        print(f"written: {options.out}")
    return 0


def list_catalog(options: argparse.Namespace) -> int:
    """``detente list``: the scenarios that ship, and their strategies; or one, described."""
    from sim.scenario import scenario

    if options.scenario is not None:
        print(scenario.load(options.scenario).describe())
        return 0
    for name in scenario.catalog():
        loaded = scenario.load(name)
        print(f"{name}  {loaded.title}")
        for strategy in loaded.strategies.values():
            print(f"    {strategy.name:20}  {strategy.about or ''}".rstrip())
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "compare": compare,
    "search": search,
    "sensitivity": sensitivity,
    "robust": robust,
    "trace": trace,
    "explain": explain,
    "diff": diff,
    "check": check,
    "verify": verify,
    "report": report,
    "explore": explore,
    "assumptions": assumptions,
    "stress": stress,
    "list": list_catalog,
}


# -- helpers of commands -------------------------------------------------------------------------


def _scenario(options: argparse.Namespace) -> Any:
    from sim.scenario import scenario

    found = scenario.load(options.scenario, options.strategies)
    for name in options.preset:
        found = found.preset(name)
    levels = dict(options.level)
    if options.done or levels or options.start:
        found = found.standing(done=options.done or None, levels=levels, start=options.start)
    return found


def _results(options: argparse.Namespace) -> Any:
    from sim.experiment.manifests import note_question
    from sim.experiment.results import Incomplete

    scenario = _scenario(options)
    known = [*scenario.conditions, *(f"{t.name}.{s.name}" for t in scenario.tracks.values()
                                     for s in t.stages)]  # fmt: skip
    if options.endpoint is not None and options.endpoint not in known:
        raise InputError(f"--endpoint: {unknown('condition', options.endpoint, known)}")
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
        "out": _folder(options, scenario),
        "columns": _columns(options, scenario),
        "keep": getattr(options, "keep", "rows"),
        "most_events": options.max_events,
    }
    question = getattr(options, "baseline", None), options.endpoint
    try:
        results = _simulated(options, scenario, how)
    except Incomplete as stopped:
        note_question(how["out"], stopped.results.manifest, *question)
        raise
    note_question(how["out"], results.manifest, *question)
    return results


def _simulated(options: argparse.Namespace, scenario: Any, how: dict[str, Any]) -> Any:
    from sim.experiment import experiment

    if options.precision is None:
        replications = options.replications or REPLICATIONS
        return experiment.run(scenario, options.strategy, replications, options.seed, **how)
    return _run_to_precision(options, scenario, how)


def _run_to_precision(options: argparse.Namespace, scenario: Any, how: dict[str, Any]) -> Any:
    from sim.experiment import plan, stopping

    if options.replications is not None:
        raise InputError("--precision: allowed with --max-replications instead of "
                                    "--replications")  # fmt: skip
    baseline = None
    if options.precision_of == "differences":
        known = options.strategy or plan.names_of(scenario)
        baseline = getattr(options, "baseline", None) or known[0]
    wanted = stopping.parse(options.precision, baseline, options.max_replications, options.endpoint)
    results = stopping.run(scenario, wanted, options.strategy, options.seed, **how)
    print(results.manifest["precision"]["why"])
    return results


def _chosen(scenario: Any, wanted: Sequence[str] | None) -> list[str]:
    """The strategies asked for, each once; all where none is."""
    from sim.experiment import plan

    for name in wanted or ():
        plan.chosen(scenario, name)  # refuses an unknown one
    return list(dict.fromkeys(wanted or plan.names_of(scenario)))


def _measured(
    options: argparse.Namespace, kind: str, scenario: Any, names: list[str]
) -> dict[str, Any]:
    """What both studies of a scenario's parameters are asked, and where they are saved."""
    asked = names if options.strategy or getattr(options, "against", None) else []
    if options.measure != MEASURE:
        asked = [*asked, options.measure.replace("/", "-")]
    if not options.quiet:
        _announce_compilation()
    return {
        "replications": options.replications,
        "seed": options.seed,
        "workers": options.workers,
        "progress": not options.quiet,
        "out": _folder(options, scenario, kind, *asked),
    }


def _reject(message: str) -> NoReturn:
    raise InputError(message)


def _progress(options: argparse.Namespace) -> str:
    if options.log_json:
        return "json"
    if options.quiet:
        return "none"
    return "bar" if sys.stderr.isatty() else "lines"


def _columns(options: argparse.Namespace, scenario: Any) -> list[str] | None:
    """The columns asked for, with those that the summary and the figures are made of."""
    if not options.columns:
        return None
    known = (scenario.goal, scenario.ruin, options.endpoint, *scenario.milestones)
    ends = dict.fromkeys(end for end in known if end)
    return [*options.columns.split(","), "outcome", "time", *(f"first_{end}" for end in ends)]


def _announce_compilation() -> None:
    from sim.engine import kernel

    if not kernel.is_compiled():
        print("compiling the engine, once for this version: about 15 seconds", file=sys.stderr)


def _check_comparison(options: argparse.Namespace) -> None:

    known = _chosen(_scenario(options), options.strategy)
    if options.baseline is not None and options.baseline not in known:
        raise InputError(f"--baseline: {unknown('strategy', options.baseline, known)}")
    if len(known) < 2:
        raise InputError("there is only one strategy; a comparison needs two")


def _print_folder(results: Any, figures: Sequence[Path]) -> None:
    from sim.reporting import summary

    for note in summary.notes(results.manifest):
        print(f"\n{note}")
    print(f"\nresults: {results.folder}")
    for figure in figures:
        print(f"figure:  {figure}.png")


def _check_file(path: str) -> None:
    """See that a file can be written, before the work that is to end in it."""
    folder = Path(path).parent
    if Path(path).is_dir() or not os.access(folder, os.W_OK):
        _reject(f"{path}: cannot be written to; allowed: a file, in a folder that there is")
