"""Random scenarios over the whole format, with forced ties.

A generator without forced ties never tests the order at one instant; so six in ten scenarios have
whole durations and common dates only. Every text is valid: a fault is a fault of this module.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

START = dt.date(2019, 1, 1)
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")


def scenario_text(rng: random.Random) -> str:
    """A scenario with one strategy, ``a``, as TOML."""
    return _toml(_Writer(rng).document())


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.conditions = [f"c{i}" for i in range(rng.randint(2, 6))]
        self.held = [f"h{i}" for i in range(rng.randint(0, 2))]
        self.tracks = [f"t_{name}" for name in NAMES[: rng.randint(1, 5)]]
        self.stages = {t: [f"s{i}" for i in range(rng.randint(1, 3))] for t in self.tracks}
        self.shocks = [f"k{i}" for i in range(rng.randint(0, 6))]
        self.levels = self.conditions + self.held
        self.levels += [f"{t}.{s}" for t in self.tracks for s in self.stages[t]]
        self.failures = [f"{t}.{s}.failures" for t in self.tracks for s in self.stages[t]]
        self.maximum = {c: rng.choice([1, 1, 2, 3, 5]) for c in self.conditions + self.held}
        self.ties = rng.random() < 0.6
        self.ruin = self.conditions[1] if rng.random() < 0.7 else None

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def literal(self) -> str:
        name = self.rng.choice(self.failures if self.chance(0.15) else self.levels)
        return self.rng.choice([name, name, f"!{name}", f"{name}>={self.rng.randint(1, 3)}"])

    def clauses(self, most: int = 2) -> list[Any]:
        return [
            self.literal()
            if self.chance(0.7)
            else [self.literal() for _ in range(self.rng.randint(1, 2))]
            for _ in range(self.rng.randint(0, most))
        ]

    def duration(self, zero: bool = True) -> Any:
        if self.chance(0.1):
            return "some_days" if zero else "some_time"
        if self.ties or self.chance(0.3):
            return self.rng.choice(([0] if zero else []) + [1, 2, 3, 5, 7, 10, 30])
        return self.rng.choice(
            [
                12.5,
                {"mean": self.rng.choice([1.0, 10.0, 60.0])},
                {"median": 20.0, "sigma": 0.7},
                {"shape": self.rng.choice([0.7, 2.0]), "scale": 15.0},
                {"min": 0.0, "max": 20.0},
                {"min": 1, "mode": self.rng.choice([1, 4, 30]), "max": 30},
                {"p10": 2, "p50": 9, "p90": 70.0},
                {"values": [1, 5, 9.5]},
                {"mean": 10.0, "max": 12.0},
                {"median": 20.0, "sigma": 1.5, "max": 50},
                {"shape": 0.7, "scale": 15.0, "max": 30},
                {"p10": 2, "p50": 9, "p90": 70.0, "max": 40},
                {"mean": {"low": 5.0, "likely": 6.0, "high": 20.0, "source": "made up"}},
            ]
        )

    def effects(self) -> dict[str, Any]:
        effects: dict[str, Any] = {}
        for kind in ("clears", "lowers", "raises"):
            if self.chance(0.4):
                count = self.rng.randint(1, 3)
                effects[kind] = [self.rng.choice(self.conditions) for _ in range(count)]
        if self.chance(0.3):
            track = self.rng.choice(self.tracks)
            stage = self.rng.choice(self.stages[track])
            effects["reopens"] = [{"track": track, "stage": stage}]
        if self.chance(0.3):
            count = self.rng.randint(1, 2)
            effects["resumes"] = [self.rng.choice(self.tracks) for _ in range(count)]
        return effects

    def document(self) -> dict[str, Any]:
        rng = self.rng
        document: dict[str, Any] = {
            "title": "Random",
            "start": START,
            "horizon": rng.choice([50, 100, 400, 900]),
            "goal": self.conditions[0],
            "quantities": {
                "some_days": rng.choice([0, 2, {"low": 1, "likely": 5, "high": 9}]),
                "some_time": rng.choice(
                    [5, 7, 10] if self.ties else [7, {"mean": 20.0, "max": 30}, {"values": [1, 5]}]
                ),
                "a_share": rng.choice([0.4, {"low": 0.2, "likely": 0.6, "high": 0.9}]),
            },
        }
        if self.ruin:
            document["ruin"] = self.ruin
        if self.chance(0.2):
            document["done"] = self.done()
        if self.chance(0.6):
            document["delegations"] = {p: rng.randint(1, 2) for p in "AB"[: rng.randint(1, 2)]}
        document["conditions"] = {name: self.condition(name) for name in self.conditions}
        document["conditions"] |= {name: {"max": self.maximum[name]} for name in self.held}
        document["tracks"] = {name: self.track(name) for name in self.tracks}
        document["shocks"] = {name: self.shock() for name in self.shocks}
        document["influences"] = self.influences(document["shocks"])
        document["strategies"] = {"a": self.strategy()}
        held = {h for t in document["tracks"].values() for s in t["stages"] for h in s["holds"]}
        for name in set(self.held) - held:  # then it is a condition like any other
            document["conditions"][name]["initially"] = rng.randint(0, 1)
        return document

    def condition(self, name: str) -> dict[str, Any]:
        condition: dict[str, Any] = {"max": self.maximum[name]}
        if name != self.ruin and self.chance(0.3):
            condition["initially"] = self.rng.randint(0, self.maximum[name])
        if self.chance(0.5):
            condition["fades"] = self.duration()
        return condition

    def track(self, name: str) -> dict[str, Any]:
        stages = [self.stage(name, i) for i in range(len(self.stages[name]))]
        return {"parties": self.rng.sample(["A", "B"], self.rng.randint(0, 2)), "stages": stages}

    def stage(self, track: str, i: int) -> dict[str, Any]:
        rng = self.rng
        stage: dict[str, Any] = {
            "name": self.stages[track][i],
            "duration": self.duration(),
            "success": rng.choice([1, 0.5, 0.3, 0.9, 0, "a_share"]),
            "needs": self.clauses() if self.chance(0.5) else [],
            "holds": rng.sample(self.held, 1) if self.held and self.chance(0.5) else [],
            **self.effects(),
        }
        if self.chance(0.25):
            stage["window"] = rng.choice(
                [
                    [{"from": "01-03", "to": "01-10"}],
                    [{"from": "12-20", "to": "01-05"}],
                    [{"from": "02-29", "to": "03-02"}, {"from": "01-05", "to": "01-05"}],
                    [{"from": dt.date(2019, 1, 6), "to": dt.date(2019, 1, 20)}],
                    [{"from": dt.date(2017, 1, 6), "to": dt.date(2018, 1, 20)}],
                ]
            )
        resumes = self.stages[track][: i + 1]
        stage["setbacks"] = [self.setback(n, resumes) for n in range(rng.randint(1, 3))]
        return stage

    def setback(self, n: int, resumes: list[str]) -> dict[str, Any]:
        rng = self.rng
        setback: dict[str, Any] = {
            "name": f"b{n}_{rng.randint(0, 1)}",
            "weight": rng.choice([1, 2, "a_share"]) if n == 0 else rng.choice([0, 1, 3.0]),
            "delay": self.duration(zero=False),
            "resume": rng.choice(resumes + (["abandon"] if self.chance(0.3) else [])),
            **self.effects(),
        }
        if n > 0 and self.chance(0.6):
            setback["when"] = self.clauses(1)
        return setback

    def shock(self) -> dict[str, Any]:
        rng = self.rng
        shock = self.effects()
        timing = rng.choice(["rate", "after", "yearly", "on"])
        if timing == "rate":
            shock["rate"] = rng.choice([0, 5, 30.0, 100, "a_share"])
        elif timing == "after":
            shock["after"] = self.duration()
        elif timing == "yearly":
            shock["yearly"] = rng.choice(["01-04", "02-29", "03-01", "01-01"])
        else:
            days = rng.sample([-5, 0, 1, 2, 5, 10, 30, 31, 59, 365, 400], rng.randint(1, 3))
            shock["on"] = [START + dt.timedelta(days=day) for day in days]
        if self.chance(0.5):
            shock["when"] = self.clauses()
        if self.chance(0.3):
            shock["probability"] = 0.5
        if self.chance(0.5):
            shock["breaks"] = [self.broken() for _ in range(rng.randint(1, 2))]
        return shock

    def broken(self) -> dict[str, Any]:
        track = self.rng.choice(self.tracks)
        place = track if self.chance(0.6) else f"{track}.{self.rng.choice(self.stages[track])}"
        one = {"track": place, "probability": self.rng.choice([1, 0.5]), "delay": self.duration()}
        if self.chance(0.5):
            one["resume"] = self.rng.choice([*self.stages[track], "abandon"])
        return one

    def influences(self, shocks: dict[str, Any]) -> list[dict[str, Any]]:
        rng = self.rng
        undated = any("rate" in shock or "after" in shock for shock in shocks.values())
        found = []
        for _ in range(rng.randint(0, 8)):
            kind = rng.choice(["odds", "time", "rate"] if undated else ["odds", "time"])
            on = "*" if kind == "rate" else rng.choice(["*", rng.choice(self.tracks) + ".*"])
            ratio = rng.choice([0.5, 2.0, 1.3, 0.1, "a_share"])
            found.append({"of": self.literal(), "on": on, kind: ratio})
        return found

    def strategy(self) -> dict[str, Any]:
        rng = self.rng
        never = [rng.choice(self.tracks)] if self.chance(0.2) else []
        in_order: list[str] = []
        strategy: dict[str, Any] = {}
        if self.chance(0.3):
            in_order = rng.sample(self.tracks, rng.randint(1, len(self.tracks)))
            cut = rng.randint(0, len(in_order))
            strategy["order"] = [group for group in (in_order[:cut], in_order[cut:]) if group]
        others = [t for t in self.tracks if t not in in_order and t not in never]
        strategy["starts"] = {t: self.clauses() for t in others if self.chance(0.6)}
        if never and never[0] not in in_order:
            strategy["never"] = never
        strategy["raises"] = [rng.choice(self.conditions) for _ in range(rng.randint(0, 2))]
        strategy["priority"] = rng.sample(self.tracks, rng.randint(0, len(self.tracks)))
        if self.chance(0.2):
            strategy["done"] = self.done()
        count = rng.randint(1, 4) if self.chance(0.6) else 0
        strategy["rules"] = [self.rule(f"r{n}") for n in range(count)]
        return strategy

    def done(self) -> list[str]:
        track = self.rng.choice(self.tracks)
        stages = self.stages[track][: self.rng.randint(1, len(self.stages[track]))]
        return [f"{track}.{stage}" for stage in stages]

    def rule(self, name: str) -> dict[str, Any]:
        rng = self.rng
        tracks = rng.sample(self.tracks, rng.randint(0, len(self.tracks)))
        cut = rng.randint(0, len(tracks))
        return {
            "name": name,
            "when": self.clauses(),
            "held": rng.choice([0, 0, 1, 2, 5, 10, 30.5]),
            **self.effects(),
            "closes": tracks[:cut] if self.chance(0.5) else [],
            "opens": tracks[cut:],
            "repeats": self.chance(0.4),
        }


# -- TOML, as little of it as is needed -----------------------------------------------------------


def _toml(document: dict[str, Any]) -> str:
    return "\n".join(f"{key} = {_value(value)}" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(v)}" for key, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, dt.date) else repr(value)
