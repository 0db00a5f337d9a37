"""Small scenarios without memory whose best sequence is known: what the search must find.

Three tracks compete for one delegation; a track succeeds more easily after another one, and a
failure makes the next attempt harder for a while, so that the order matters. Each of the 13 orders,
with and without a posture, has an exact share and an exact number of days from its Markov chain.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import sim
from markov_chain import Chain
from sim.scenario.scenario import Scenario
from sim.studies.ranking_selection import equal_allocation, select
from sim.studies.sequence_evaluation import SequenceEvaluator
from sim.studies.sequence_space import Space, file_of

HORIZON = 600
TRACKS = ("one", "two", "three")
NODES = 16  # of the quadrature over time: more change no digit that is looked at


def contest_text(number: int) -> str:
    """A scenario with three tracks and a posture, as TOML."""
    rng = random.Random(number)
    text = f'title = "Contest {number}"\nstart = 2019-01-01\nhorizon = {HORIZON}\n'
    text += 'goal = "deal"\nruin = "ruin"\n[delegations]\n'
    text += f"US = {rng.choice([1, 2, 2, 3])}\n"
    text += f"[conditions]\ndeal = {{}}\nruin = {{}}\nsour = {{ fades = {_mean(rng, 60, 150)} }}\n"
    text += "bold = { posture = true }\n"
    goals = rng.sample(TRACKS, rng.choice([1, 1, 2]))
    for track in TRACKS:
        text += _track(rng, track, track in goals)
    text += f'[shocks.incident]\nrate = {rng.uniform(1, 4):.2f}\nraises = ["sour"]\n'
    text += f'[shocks.end]\nrate = {rng.uniform(0.02, 0.2):.3f}\nraises = ["ruin"]\n'
    for first, second in rng.sample([(a, b) for a in TRACKS for b in TRACKS if a != b], 3):
        text += _influence(f"{first}.last", f"{second}.*", "odds", rng.uniform(1.2, 5))
    text += _influence("sour", f"{rng.choice(TRACKS)}.*", "odds", rng.uniform(0.2, 0.9))
    text += _influence("bold", f"{rng.choice(TRACKS)}.*", "odds", rng.uniform(0.5, 2))
    text += _influence("bold", "incident", "rate", rng.uniform(0.5, 2))
    return text


def _mean(rng: random.Random, low: float, high: float) -> str:
    return f"{{ mean = {rng.uniform(low, high):.1f} }}"


def _track(rng: random.Random, name: str, brings_the_goal: bool) -> str:
    text = f'[tracks.{name}]\nparties = ["US"]\n'
    for stage in ["first", "last"] if rng.random() < 0.3 else ["last"]:
        text += f'[[tracks.{name}.stages]]\nname = "{stage}"\n'
        text += f"duration = {_mean(rng, 15, 80)}\nsuccess = {rng.uniform(0.15, 0.6):.2f}\n"
        sour = ', raises = ["sour"]' if rng.random() < 0.6 else ""
        text += f'setbacks = [ {{ name = "no", delay = {_mean(rng, 20, 120)}{sour} }} ]\n'
        if brings_the_goal and stage == "last":
            text += 'raises = ["deal"]\n'
    return text


def _influence(of: str, on: str, kind: str, ratio: float) -> str:
    return f'[[influences]]\nof = "{of}"\non = "{on}"\n{kind} = {ratio:.2f}\n'


def space_of(scenario: Scenario) -> Space:
    """What a search looks through by default."""
    return Space(scenario, TRACKS, postures=("bold",))


@lru_cache
def exact_costs(number: int, measure: str) -> np.ndarray:
    """Days without the deal, or share that never reaches it, of the candidates that can differ."""
    text = contest_text(number)
    space = space_of(sim.loads(text))
    numbers = [int(n) for n in space.distinct[0]]
    # The oracle reads the file of strategies as anyone would.
    text += file_of([space.strategy(n) for n in numbers], "").partition("\n")[2]
    return np.array([_cost(Chain(text, space.name(n)), measure) for n in numbers])


def _cost(chain: Chain, measure: str) -> float:
    if measure == "share":
        return 1 - chain.passage("deal", [HORIZON])[0]
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    reached = chain.passage("deal", list(HORIZON * (nodes + 1) / 2))
    return float(HORIZON - HORIZON / 2 * weights @ reached)


@dataclass
class Repeats:
    """The costs of a contest's candidates under one seed after another."""

    number: int
    measure: str

    def __post_init__(self) -> None:
        self.space = space_of(sim.loads(contest_text(self.number)))
        self.distinct = self.space.distinct[0]
        self.contest = SequenceEvaluator(self.space, 0, workers=1)

    def sample(self, places: np.ndarray, first: int, count: int) -> np.ndarray:
        goal = self.contest.evaluate(self.distinct[places], first, count).goal
        return np.fmin(goal, HORIZON) if self.measure == "days" else np.isnan(goal).astype(float)

    def pool(self, replications: int, seed: int = 10**6) -> np.ndarray:
        self.contest.seed = seed
        return self.sample(np.arange(len(self.distinct)), 0, replications)


@dataclass
class Outcome:
    """What repeated selections lost against the best, and what they cost on average."""

    candidates: int
    losses: np.ndarray
    simulated: float
    equal: float  # replications of an equal allocation with the same guarantee


def repeated(number: int, measure: str, zone: float, repeats: int, pilot: int = 400) -> Outcome:
    """Select again and again, each time with other random numbers."""
    exact, contest = exact_costs(number, measure), Repeats(number, measure)
    span = float(HORIZON) if measure == "days" else 1.0
    losses, spent, equal = [], [], []
    for seed in range(repeats):
        contest.contest.seed = seed
        found = select(contest.sample, len(exact), zone, span)
        losses.append(exact[found.best] - exact.min())
        spent.append(found.simulated)
    for seed in range(5):
        costs = contest.pool(pilot, 10**6 + seed)
        equal.append(equal_allocation(costs, zone) * len(exact))
    return Outcome(len(exact), np.array(losses), float(np.mean(spent)), float(np.mean(equal)))
