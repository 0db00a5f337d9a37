"""What may be written behind ``detente``: the commands and their options, as declarations.

Nothing of the model is imported here, so that help and a mistyped option are answered at once.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from sim import __version__

REPLICATIONS = 2000
MEASURE = "reached"
EXAMPLES = """\
examples:
  detente list                                   what is in the catalog
  detente run korea-2017                         all strategies, 2,000 replications each
  detente compare korea-2017 --baseline proposal
  detente explain korea-2017 --strategy proposal  where its days go, what its setbacks cost
  detente diff korea-2017 --a proposal --b all_parallel --replication 7
  detente search korea-2017 --never bilateral    which order, with which postures
  detente sensitivity korea-2017 --strategy proposal
  detente robust korea-2017 --draws 500          where another strategy would be best
  detente trace korea-2017 --strategy proposal --replication 7
  detente report results/korea-2017-seed1        one page for the browser, or for print
  detente check my-scenario.toml                 what is wrong with a file
  detente assumptions korea-2017                 what each parameter rests on
"""


@dataclass(frozen=True)
class Option:
    """An option or argument of a command, before it is declared.

    Attributes:
        flag: with its dashes, or the name of an argument.
        keywords: of :meth:`argparse.ArgumentParser.add_argument`.
    """

    flag: str
    keywords: dict[str, Any]

    def replaced(self, **keywords: Any) -> Option:
        """A copy of the option with other keywords, such as its help or default."""
        return replace(self, keywords=self.keywords | keywords)

    def add_to(self, command: argparse.ArgumentParser) -> None:
        """Declare the option of a command."""
        command.add_argument(self.flag, **self.keywords)


# -- kinds of options -----------------------------------------------------------------------------


def text(flag: str, metavar: str, help: str, **keywords: Any) -> Option:
    """An option that takes a text, which must not be empty."""
    return Option(flag, {"metavar": metavar, "help": help, "type": _filled, **keywords})


def repeated(flag: str, metavar: str, help: str, **keywords: Any) -> Option:
    """An option that may be repeated; its texts are collected in a list."""
    return text(flag, metavar, help, action="append", **keywords)


def integer(flag: str, metavar: str, low: int, high: int, help: str, **keywords: Any) -> Option:
    """An option that takes an integer.

    Args:
        flag: with its dashes.
        metavar: name of the value in the help.
        low, high: the integers allowed, both ends included.
        help: one line, to which a default is added.
        keywords: of :meth:`argparse.ArgumentParser.add_argument`.
    """
    if "default" in keywords:
        help += f" (default: {keywords['default']:,})"
    return text(flag, metavar, help, type=_integer(low, high), **keywords)


def names(flag: str, help: str, **keywords: Any) -> Option:
    """An option that takes names with commas between them, read as a tuple."""
    return text(flag, "A,B", help, type=_names, **keywords)


def choice(flag: str, choices: str, help: str, **keywords: Any) -> Option:
    """An option that takes one of the words in ``choices``, which blanks separate."""
    return Option(flag, {"choices": choices.split(), "help": help, **keywords})


def switch(flag: str, help: str) -> Option:
    """An option without a value: true where it is given, else false."""
    return Option(flag, {"action": "store_true", "help": help})


def _integer(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"found {text}; allowed: {low} to {high}")
        return number

    return read


def _filled(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("found an empty text; allowed: a text, or leave it out")
    return text


def _names(text: str) -> tuple[str, ...]:
    """Names with commas between them; an empty text is none."""
    return tuple(name.strip() for name in text.split(",")) if text.strip() else ()


def _level(text: str) -> tuple[str, int]:
    name, equals, level = text.partition("=")
    if not name or not equals or not level.isdecimal() or len(level) > 3:
        raise argparse.ArgumentTypeError(
            f'found "{text}"; allowed: a condition and its level, as crisis=2'
        )
    return name, int(level)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'found "{text}"; allowed: a date, YYYY-MM-DD') from None


def _draws(text: str) -> int | str:
    return _integer(0, 1_000_000)(text) if text.lstrip("+-").isdigit() else _filled(text)


# fmt: off

# -- options that several commands share ----------------------------------------------------------

SCENARIO = text("scenario", "SCENARIO", "a catalog name or a path")
STRATEGIES = repeated("--strategies", "FILE", "a file with further strategies; may be repeated",
                     default=[])
SEED = integer("--seed", "K", 0, 2**64 - 1, "the seed of the random numbers", default=1)
OUT = text("--out", "DIR", "results folder (default: below results/)")
STANDING = (
    repeated("--preset", "NAME", "values of a preset of the scenario; may be repeated", default=[]),
    repeated("--done", "TRACK.STAGE", "a stage that has succeeded before day 0, in place of the "
             "scenario's list; may be repeated", default=[]),
    repeated("--level", "CONDITION=N", "the level of a condition on day 0; may be repeated",
             type=_level, default=[]),
    text("--start", "DATE", "day 0 (default: as in the file)", type=_date),
)
SCENARIO_OPTIONS = (SCENARIO, STRATEGIES, *STANDING, SEED, OUT)
STRATEGY = repeated("--strategy", "S", "a strategy; may be repeated (default: all)")
BASELINE = text("--baseline", "S", "strategy to hold the others against (default: the first)")
ENGINE = choice("--engine", "compiled simpy",
                "both give identical rows; compiled is the fast one", default="compiled")
DRAWS = text("--draws", "N|FILE", "sets of parameter values: how many to sample from the "
             "ranges, or a CSV file (default: 0, every parameter at its base "
             "value)", type=_draws, default=0)
DRAW_OPTIONS = (
    integer("--draw", "D", 0, 1_000_000, "the parameter values of this draw", default=0),
    text("--draws", "FILE",
         "a CSV file that holds the draw (default: as `run --draws` samples it)"),
)
WORKERS = integer("--workers", "N", 1, 1024, "threads (default: one a core)")
QUIET = switch("--quiet", "show no progress (a bar on a terminal, else some lines)")
FULL = switch("--full", "print every table and sentence, not the answer alone")
FOLDER = text("folder", "DIR", "a results folder")
ENDPOINT = text("--endpoint", "C", "the condition whose times are shown, and which ranks "
                "the strategies (default: the goal)")

# -- options of a command -------------------------------------------------------------------------

RUN_OPTIONS = (
    *SCENARIO_OPTIONS,
    STRATEGY,
    integer("--replications", "N", 1, 10**12,
          f"replications of each strategy and draw (default: {REPLICATIONS})"),
    ENGINE,
    DRAWS,
    choice("--design", "sobol lhs", "how draws fill the space of the parameters (default: sobol)",
           default="sobol"),
    choice("--law", "pert uniform loguniform",
           "distribution of every range (default: as in the file)", default="as in the file"),
    WORKERS.replaced(help="threads or processes (default: one a core)"),
    choice("--pool", "threads processes",
           "of workers (default: threads for the compiled engine, else processes)"),
    text("--dask", "ADDRESS",
         "scheduler of a Dask cluster, or `local` for one on this machine"),
    text("--precision", "P", "go on until the share reaching the goal is known within P to "
         "either side (0.01), or the restricted mean time within so many days (10d)"),
    choice("--precision-of", "strategies differences",
           "of each strategy, or of the differences to the baseline", default="strategies"),
    integer("--max-replications", "N", 1, 10**9, "where --precision ends in any case",
          default=10**6),
    integer("--max-events", "N", 1, 10**15, "events of a replication at most; one with more fails",
            default=10**7),
    ENDPOINT,
    text("--columns", "A,B", "write these columns, and what the summary needs, only"),
    switch("--no-figures", "draw no figures"),
    QUIET,
    switch("--log-json", "progress as lines of JSON, for machines"),
)

SEARCH_OPTIONS = (
    *SCENARIO_OPTIONS,
    names("--tracks", "tracks to order; the others start as soon as they may (default: all that "
          "can bring the goal nearer)"),
    names("--never", "tracks to leave out", default=()),
    names("--optional", "tracks to order that may also be left out", default=()),
    names("--postures", "postures to choose from (default: all marked ones)"),
    names("--priority", "tracks that come first where several could start", default=()),
    choice("--after", "tracks stages", "what may be waited for: whole tracks, or stages too",
           default="tracks"),
    text("--measure", "M", "days (fewest mean days without the goal, restricted mean time), share "
         "(largest share reaching it), or a measure as of sensitivity (default: days)",
         default="days"),
    text("--zone", "X", "indifference zone in the unit of the measure, of shares in percentage "
         "points (default: 1 %% of the width of its bounds: of the horizon; 1 point)", type=float),
    text("--confidence", "P", "of the choice (default: 0.95)", type=float, default=0.95),
    integer("--replications", "N", 2, 10**6, "new replications in which the best are measured",
          default=10_000),
    WORKERS,
    text("--save", "FILE", "write the chosen candidate as a strategy file"),
    FULL,
    QUIET,
)

STUDY_OPTIONS = (
    *SCENARIO_OPTIONS,
    text("--measure", "M", "reached, ruin, first_<condition>, each also with @DATE; "
         f"restricted_mean, held_<condition>, utility (default: {MEASURE})", default=MEASURE),
    WORKERS,
    FULL,
    QUIET,
)


def _replications(default: int) -> Option:
    return integer("--replications", "N", 1, 10**7, "replications of each parameter vector",
                 default=default)


SENSITIVITY_OPTIONS = (
    *STUDY_OPTIONS,
    STRATEGY.replaced(help="the strategy that is studied (default: the first)"),
    _replications(100),
    text("--against", "S", "study the lead over this strategy instead"),
    integer("--base", "N", 2, 2**20, "of the Sobol design, a power of 2", default=512),
    integer("--trajectories", "N", 2, 10**5, "of the Morris screening", default=20),
    integer("--top", "N", 1, 10**4, "parameters with Sobol indices of their own; the others share "
    "one",
          default=20),
)

ROBUST_OPTIONS = (
    *STUDY_OPTIONS,
    STRATEGY,
    _replications(200),
    DRAWS.replaced(help="sets of parameter values, or a CSV file of them (default: 500)",
                   default=500),
    BASELINE.replaced(help="strategy whose failures are explained (default: the first)"),
    text("--fail", "X", "an outcome worse than this is a failure; shares as 0.2 (default: the "
         "worst quarter of the draws)", type=float),
    text("--margin", "X", "a difference that matters (default: 0.01 of shares, 10 days)",
         type=float),
    text("--map", "A,B", "two parameters for the map (default: those that threaten the lead most)"),
    choice("--better", "more less",
           "of the measure (default: less of ruin and of days until something)"),
)

TRACED_OPTIONS = (
    *SCENARIO_OPTIONS,
    integer("--replications", "N", 1, 10**6, "replications simulated with their event "
    "logs", default=500),
)

COMMANDS: dict[str, tuple[str, tuple[Option, ...]]] = {
    "run": (
        "simulate thousands of replications and summarise them",
        (*RUN_OPTIONS,
         choice("--keep", "rows summary",
                "summary: exact counts by day instead of rows, in little memory", default="rows")),
    ),
    "compare": (
        "rank all strategies, with paired differences to a baseline",
        (*RUN_OPTIONS, BASELINE, FULL),
    ),
    "search": ("every order of the tracks, and every posture", SEARCH_OPTIONS),
    "sensitivity": ("which uncertain parameters move an outcome, and by how much",
                    SENSITIVITY_OPTIONS),
    "robust": ("regret over draws, and what would make another strategy the best", ROBUST_OPTIONS),
    "trace": (
        "print one replication, event by event, with its timeline",
        (*SCENARIO_OPTIONS,
         text("--strategy", "S", "its strategy (default: the first)"),
         integer("--replication", "R", 0, 2**63 - 1, "which replication", default=0),
         *DRAW_OPTIONS,
         switch("--brief", "only what tracks do, postures, and the conditions of the end"),
         ENGINE.replaced(default="simpy",
                         help="both simulate the same replication (default: simpy)")),
    ),
    "explain": (
        "why strategies do as they do: where days go, what setbacks and shocks cost",
        (*TRACED_OPTIONS, STRATEGY, DRAWS, FULL),
    ),
    "diff": (
        "a paired replication: two strategies side by side, with the same random numbers",
        (*TRACED_OPTIONS,
         text("--a", "S1", "a strategy", required=True),
         text("--b", "S2", "another strategy", required=True),
         integer("--replication", "R", 0, 2**63 - 1, "which paired replication is "
         "printed", default=0),
         *DRAW_OPTIONS),
    ),
    "check": (
        "list every issue of scenario files; simulate nothing",
        (text("files", "FILE", "a scenario file or a catalog name", nargs="+"),
         switch("--describe", "describe the model in plain sentences")),
    ),
    "verify": (
        "check that a results folder holds what its manifest says",
        (FOLDER,
         integer("--sample", "N", 1, 10**6, "how many replications to simulate again", default=50),
         SEED.replaced(help="of their choice (default: 0)", default=0)),
    ),
    "report": (
        "one self-contained HTML page from a results folder",
        (FOLDER,
         OUT.replaced(metavar="FILE", help="the page (default: report.html in DIR)"),
         BASELINE.replaced(help="as for compare (default: that of the run, else the first)"),
         ENDPOINT.replaced(help="as for run (default: that of the run, else the goal)")),
    ),
    "explore": (
        "strategies and assumptions on a page in the browser, answered while they are changed",
        (SCENARIO.replaced(nargs="?", default="korea-2017",
                      help="catalog name or path (default: korea-2017)"),
         text("--folder", "DIR", "where tables, strategies and results are saved and opened "
              "(default: results/explore)", default="results/explore"),
         integer("--port", "N", 1, 65535, "of this machine alone (default: a free one)"),
         switch("--no-browser", "say the address and open nothing")),
    ),
    "assumptions": (
        "every parameter of a scenario: unit, range, status, source",
        (SCENARIO, STRATEGIES, *STANDING,
         OUT.replaced(metavar="FILE", help="write it as .csv or .md")),
    ),
    "stress": (
        "the STRESS checklist of a scenario, filled from the model",
        (SCENARIO, STRATEGIES, *STANDING,
         OUT.replaced(metavar="FILE", help="write it as Markdown")),
    ),
    "list": (
        "the scenarios that ship, and their strategies; or one scenario, described",
        (SCENARIO.replaced(nargs="?", default=None),),
    ),
}
# fmt: on


class _Parser(argparse.ArgumentParser):
    """Options are written out, and whatever is wrong is one sentence, as all bad input is."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(allow_abbrev=False, **keywords)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help lists what is allowed\n")


def parser() -> argparse.ArgumentParser:
    """The commands and their options; the name of the one asked for is ``command``, or None."""
    top = _Parser(
        prog="detente",
        description="Simulate negotiations on several tracks, and compare ways of opening them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"detente {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", dest="command")
    for name, (about, options) in COMMANDS.items():
        subparser = commands.add_parser(name, help=about, description=about)
        for option in options:
            option.add_to(subparser)
    return top
