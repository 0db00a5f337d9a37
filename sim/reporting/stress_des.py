"""The STRESS checklist of a scenario, filled from the model itself.

Strengthening the Reporting of Empirical Simulation Studies, for discrete-event simulation:
T. Monks, C. S. M. Currie, B. S. Onggo, S. Robinson, M. Kunc, S. J. E. Taylor (2019),
Journal of Simulation 13(1), 55-67. Every answer is read from the scenario or from the
package, so that it cannot say anything else than what runs.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sim import __version__
from sim.evidence import assumptions
from sim.experiment import provenance
from sim.scenario import description
from sim.scenario.model import ABANDON, Track
from sim.scenario.quantities import base_value
from sim.scenario.register import source_in_words
from sim.scenario.scenario import Scenario

Item = tuple[str, str, str]  # number, what is asked, answer in Markdown


def checklist(scenario: Scenario) -> str:
    """The checklist as Markdown: six sections, each item with its answer.

    STRESS-DES: T. Monks et al. 2019, J. Simul. 13, 55-67.

    >>> from sim import load
    >>> checklist(load("korea-2017")).splitlines()[0]
    '# STRESS-DES: korea-2017'
    """
    lines = [f"# STRESS-DES: {scenario.name}", scenario.title + "."]
    for title, items in sections(scenario):
        lines.append(f"## {title}")
        lines += [f"**{number} {asked}.** {answer}" for number, asked, answer in items]
    return "\n\n".join(lines) + "\n"


def sections(scenario: Scenario) -> list[tuple[str, list[Item]]]:
    """The sections of the checklist by title, in its order.

    Returns:
        For each its items: number, what is asked, and the answer from the scenario.

    >>> from sim import load
    >>> [title for title, _ in sections(load("korea-2017"))][:2]
    ['1 Objectives', '2 Logic']
    """
    return [
        ("1 Objectives", list(_objectives(scenario))),
        ("2 Logic", list(_logic(scenario))),
        ("3 Data", list(_data(scenario))),
        ("4 Experimentation", list(_experimentation(scenario))),
        ("5 Implementation", list(_implementation())),
        ("6 Code access", list(_access())),
    ]


def _listed(lines: Iterable[str], nothing: str = "none") -> str:
    items = [f"- {line}" for line in lines]
    return "\n\n" + "\n".join(items) if items else f"{nothing.capitalize()}."


def _objectives(scenario: Scenario) -> Iterator[Item]:
    about = f" {scenario.about[0].upper()}{scenario.about[1:]}." if scenario.about else ""
    ruin = f" before {scenario.ruin}, which ends the run" if scenario.ruin else ""
    yield "1.1", "Purpose of the model", (
        "To compare orders and postures in which the tracks of a negotiation may be opened, by how "
        f"soon, how surely and for how long **{scenario.goal}** is reached{ruin}.{about} It is no "
        "forecast."
    )  # fmt: skip
    yield "1.2", "Model outputs", (
        f"One row per replication: the outcome ({_outcomes(scenario)}) and its day; "
        "the first day of "
        "every condition and of every stage; the days that each condition was present; how often "
        "each setback and each shock happened and what it broke; and what the track that reached "
        "the goal waited for. From these the share that reached the goal with its interval, the "
        "restricted mean time without it (runs that never reached it count with the horizon), "
        "and paired differences between strategies under common random numbers."
    )  # fmt: skip
    yield "1.3", "Experimentation aims", (
        f"Ranking of {len(scenario.strategies) or 1} strategies under common random numbers:"
        + _listed(_strategies(scenario), "every track as soon as it may start")
    )  # fmt: skip


def _outcomes(scenario: Scenario) -> str:
    return ", ".join(one for one in (scenario.goal, scenario.ruin, "abandoned", "ongoing") if one)


def _strategies(scenario: Scenario) -> Iterator[str]:
    for one in scenario.strategies.values():
        yield f"`{one.name}`" + (f": {one.about}" if one.about else "")


# -- logic ----------------------------------------------------------------------------------------


def _logic(scenario: Scenario) -> Iterator[Item]:
    yield "2.1", "Base model overview diagram", (
        "Tracks as sequences of stages (`python docs/diagrams.py` draws them):"
        + _listed(f"`{t.name}`: {' → '.join(s.name for s in t.stages)}"
                  for t in scenario.tracks.values())
    )  # fmt: skip
    yield "2.2", "Base model logic", (
        "A track waits until its start rule, its stage's gate and window and a free delegation of "
        "every party are given, and makes an attempt. The attempt succeeds or meets a setback, "
        "which costs a delay and leads to a stage at which the track resumes, or ends the track. "
        "Shocks come from outside. Conditions change odds, durations and rates:"
        + _listed(description.influence(one, scenario) for one in scenario.influences)
    )  # fmt: skip
    yield "2.3", "Scenario logic", (
        "What each strategy changes:"
        + _listed(_rules(scenario), "every track starts as soon as it may")
    )  # fmt: skip
    yield "2.4", "Algorithms", (
        "Events in the order of time, then window openings, fades, shocks, tracks, rules of the "
        "strategy, each in file order; nothing random breaks a tie. Undated shocks keep a residual "
        "unit exponential and are rescaled when their rate changes. A success at odds ratio r has "
        "the chance p r / ((1 − p) + p r). All sampling is by inverse transform."
    )  # fmt: skip
    yield "2.5.1", "Components: entities", (
        "Tracks, conditions and shocks:" + _listed(_entities(scenario))
    )  # fmt: skip
    yield (
        "2.5.2",
        "Components: activities",
        "Attempts at stages:"
        + _listed(
            _called(
                f"{track.name}.{stage.name}", f"{track.name}.{' '.join(description.stage(stage))}"
            )
            for track in scenario.tracks.values()
            for stage in track.stages
        ),
    )
    yield "2.5.3", "Components: resources", (
        "Delegations, the number of tables at which a party can sit at once:"
        + _listed((f"{party}: {description.number(number)}"
                   for party, number in scenario.delegations.items()),
                  "every party can sit at any number")
    )  # fmt: skip
    yield "2.5.4", "Components: queues", (
        "Tracks that wait for a delegation; the first by the strategy's priority, then in file "
        "order, starts. A blocked track reserves nothing."
    )  # fmt: skip
    yield (
        "2.5.5",
        "Components: entry and exit points",
        (
            "Every track is there from day 0 and enters when its start rule holds; it leaves when "
            f"its last stage succeeds{_given_up(scenario)}."
        ),
    )


def _rules(scenario: Scenario) -> Iterator[str]:
    for one in scenario.strategies.values():
        words = description.rules(replace(one, about=""), scenario).split()
        yield f"`{one.name}`: {' '.join(words[2:])}"  # after "Strategy NAME"


def _given_up(scenario: Scenario) -> str:
    ends = [
        f"`{track.name}.{stage.name}` ({setback.name})"
        for track in scenario.tracks.values()
        for stage in track.stages
        for setback in stage.setbacks
        if setback.resume == ABANDON
    ]
    return f", or when it is abandoned at {', '.join(ends)}" if ends else ""


def _entities(scenario: Scenario) -> Iterator[str]:
    for track in scenario.tracks.values():
        yield f"track `{track.name}`{_parties(track)}"
    for condition in scenario.conditions.values():
        yield f"condition {_called(condition.name, description.condition(condition, scenario))}"
    for shock in scenario.shocks.values():
        yield f"shock {_called(shock.name, description.shock(shock))}"


def _called(name: str, sentence: str) -> str:
    """A sentence that begins with a name, with the name marked."""
    return f"`{name}`{sentence.removeprefix(name)}"


def _parties(track: Track) -> str:
    parties = f" ({', '.join(track.parties)})" if track.parties else ""
    return parties + (f": {track.about}" if track.about else "")


# -- data -----------------------------------------------------------------------------------------


def _data(scenario: Scenario) -> Iterator[Item]:
    table = assumptions.register(scenario)
    source = f"{scenario.source}. " if scenario.source else ""
    yield "3.1", "Data sources", (
        f"{source}{assumptions.counts(table)}. The dated record ships as tables with sources "
        "(`sim/evidence/records/`); parameters of the status *record* are computed "
        "from it again by a test."
    )  # fmt: skip
    yield "3.2", "Pre-processing", (
        "Durations are fitted to the record with open cases as censored, families chosen by AIC, "
        "ends by bootstrap; shares have Wilson intervals, rates are by resampled years. "
        "Corrections of the record are listed in `sim/evidence/records/CORRECTIONS.md`."
    )  # fmt: skip
    yield "3.3", "Input parameters", (
        "Name, base value, range, unit and source:"
        + _listed(f"`{row.name}`: {row.likely:g} ({row.low:g} to {row.high:g}) {row.unit}; "
                  f"{source_in_words(row.status, row.source)}" for row in table.itertuples())
    )  # fmt: skip
    yield "3.4", "Assumptions", (
        f"{assumptions.caution(scenario)}; reasons stand beside the parameters above. "
        "Attempts at a stage are alike but for the conditions; what is not named in the file does "
        "not exist; conditions are whole levels."
    )  # fmt: skip


# -- experimentation, implementation, access ------------------------------------------------------


def _experimentation(scenario: Scenario) -> Iterator[Item]:
    initial = [f"`{c.name}` at {c.initially}" for c in scenario.conditions.values() if c.initially]
    tracks = "no track is under way"
    if scenario.done:
        tracks = f"{', '.join(scenario.done)} succeeded before; no attempt is in progress"
    yield "4.1", "Initialisation", (
        f"Terminating runs from day 0, {description.date(scenario.start)}, without warm-up: "
        f"{', '.join(initial) or 'no condition'} is present, then the strategy's postures are "
        f"raised, and {tracks}."
    )  # fmt: skip
    end = f", or until {scenario.ruin}" if scenario.ruin else ""
    yield "4.2", "Run length", f"{base_value(scenario.horizon):g} days{end}; not until the goal."
    yield "4.3", "Estimation approach", (
        "Independent replications, 2,000 per strategy by default, or as many as "
        "`--precision` asks for. Strategies share common random numbers (by address) "
        "and are compared in pairs. Intervals: Wilson for shares, joint ones for the best. "
        f"{len(scenario.ranges())} parameters have ranges; `--draws` samples them by "
        "a scrambled Sobol "
        "sequence, and inference is over draws."
    )  # fmt: skip


def _implementation() -> Iterator[Item]:
    versions = provenance.versions()
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield "5.1", "Software or programming language", f"Detente {__version__}; {listed}."
    yield "5.2", "Random sampling", (
        "Philox4x64-10, counter-based: key (seed, hash of the entity's name), counter "
        "(replication, occurrence, block, 0); seed 1 by default. Logarithm, "
        "exponential and normal quantile are the package's own, so that one seed gives "
        "the same rows on every machine."
    )  # fmt: skip
    yield "5.3", "Model execution", (
        "Next-event, by a SimPy engine and by a compiled one (numba) with identical rows; blocks "
        "of replications on threads, processes or a Dask cluster, without influence on any row."
    )  # fmt: skip
    yield "5.4", "System specification", (
        f"This text was made with Python {platform.python_version()} on {platform.system()} "
        f"{platform.machine()}. Any machine with Python 3.11 or newer will do; `manifest.json` of "
        "a results folder holds machine and run time of that run."
    )  # fmt: skip


def _access() -> Iterator[Item]:
    yield "6.1", "Computer model sharing statement", (
        "The whole package is free software under the MIT licence (`LICENSE`), with pinned "
        "versions (`constraints.txt`), citation (`CITATION.cff`), metadata for archives "
        "(`codemeta.json`) and tests (`make test`). The scenario is a text "
        "file; its text and hash stand in `manifest.json` of every results folder."
    )  # fmt: skip
