"""Random scenarios without memory: exponential or zero lengths, shocks at rates. Small ones."""

from __future__ import annotations

import random
from typing import Any

HORIZON = 700


def scenario_text(rng: random.Random) -> str:
    """A scenario with one strategy, ``a``, as TOML."""
    return _Writer(rng).text()


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.plain = ["goal", "ruin", *(f"c{i}" for i in range(rng.randint(1, 2)))]
        self.held = ["h"] if rng.random() < 0.6 else []
        self.tracks = ["one", "two"][: rng.choice([1, 2, 2])]
        self.stages = {t: [f"s{i}" for i in range(rng.randint(1, 2))] for t in self.tracks}
        self.shocks = [f"k{i}" for i in range(rng.randint(1, 3))]
        self.most = {name: rng.choice([1, 1, 2]) for name in self.plain + self.held}
        self.fading = [c for c in self.plain[2:] if rng.random() < 0.8]
        self.levels = [*self.plain[2:], *self.held]
        self.levels += [f"{t}.{s}" for t in self.tracks for s in self.stages[t]]

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def literal(self) -> str:
        if self.chance(0.12):
            track = self.rng.choice(self.tracks)
            name = f"{track}.{self.rng.choice(self.stages[track])}.failures"
            return self.rng.choice([f"{name}>=1", f"{name}>=2", f"!{name}"])
        name = self.rng.choice([*self.levels, "goal"])
        return self.rng.choice([name, name, f"!{name}", f"!{name}", f"{name}>=2"])

    def clauses(self, most: int) -> str:
        items = []
        for _ in range(self.rng.randint(0, most)):
            words = [f'"{self.literal()}"' for _ in range(self.rng.choice([1, 1, 2]))]
            items.append(words[0] if len(words) == 1 else f"[{', '.join(words)}]")
        return f"[{', '.join(items)}]"

    def length(self, least: int = 5) -> str:
        return f"{{ mean = {self.rng.choice([least, 15, 40, 90])} }}"

    def effects(self, p: float, reopens: bool = True) -> dict[str, str]:
        found = {}
        for verb in ("clears", "lowers", "raises"):
            if self.chance(p):
                names = [self.rng.choice(self.plain[2:]) for _ in range(self.rng.choice([1, 1, 2]))]
                found[verb] = str(names).replace("'", '"')
        if reopens and self.chance(0.2):
            track = self.rng.choice(self.tracks)
            stage = self.rng.choice(self.stages[track])
            found["reopens"] = f'[{{ track = "{track}", stage = "{stage}" }}]'
        if self.chance(0.15):
            found["resumes"] = f'["{self.rng.choice(self.tracks)}"]'
        return found

    def rule(self, which: int) -> str:
        parts: dict[str, Any] = {"name": f'"r{which}"', "when": self.clauses(2)}
        parts |= self.effects(0.3)
        track = f'["{self.rng.choice(self.tracks)}"]'
        parts |= self.rng.choice([{}, {"closes": track}, {"opens": track}])
        if self.chance(0.3):
            parts["repeats"] = "true"
        return "{ " + ", ".join(f"{key} = {value}" for key, value in parts.items()) + " }"

    def done(self) -> str:
        track = self.rng.choice(self.tracks)
        stages = self.stages[track][: self.rng.randint(1, len(self.stages[track]))]
        return "[" + ", ".join(f'"{track}.{stage}"' for stage in stages) + "]"

    def setback(self, track: str, place: int, which: int, sure: bool) -> str:
        parts: dict[str, Any] = {"name": f'"{track}_{place}_{which}"'}
        parts["weight"] = self.rng.choice([1, 2, 0.5])
        parts["delay"] = 0 if self.chance(0.2) and place else self.length()
        if self.chance(0.4):
            earlier = self.stages[track][: place + 1]
            parts["resume"] = f'"{self.rng.choice([*earlier, "abandon"])}"'
        if not sure:
            parts["when"] = self.clauses(1)
        parts |= self.effects(0.25, reopens=False)
        return "{ " + ", ".join(f"{key} = {value}" for key, value in parts.items()) + " }"

    def stage(self, track: str, place: int) -> str:
        p = self.rng.choice([0.3, 0.6, 0.6, 1])
        text = f'[[tracks.{track}.stages]]\nname = "s{place}"\nsuccess = {p}\n'
        instant = p == 1 and self.chance(0.3)
        text += f"duration = {0 if instant else self.length()}\n"
        if self.chance(0.5):
            text += f"needs = {self.clauses(1)}\n"
        if self.held and self.chance(0.6):
            text += 'holds = ["h"]\n'
        effects = self.effects(0.25)
        if place == len(self.stages[track]) - 1 and self.chance(0.7):
            effects["raises"] = effects.get("raises", "[]").replace("]", ', "goal"]')
            effects["raises"] = effects["raises"].replace("[, ", "[")
        text += "".join(f"{key} = {value}\n" for key, value in effects.items())
        if p < 1:
            setbacks = [self.setback(track, place, 0, sure=True)]
            if self.chance(0.5):
                setbacks.append(self.setback(track, place, 1, sure=False))
            text += f"setbacks = [ {', '.join(setbacks)} ]\n"
        return text

    def shock(self, name: str) -> str:
        timing = f"rate = {self.rng.choice([1, 4, 10])}"
        if self.chance(0.2):
            timing = f"after = {self.length(30)}"
        text = f"[shocks.{name}]\n{timing}\n"
        if self.chance(0.4):
            text += f"probability = {self.rng.choice([0.3, 0.8])}\n"
        if self.chance(0.5):
            text += f"when = {self.clauses(1)}\n"
        text += "".join(f"{key} = {value}\n" for key, value in self.effects(0.5).items())
        if self.chance(0.5):
            track = self.rng.choice(self.tracks)
            stage = self.rng.choice(["", ".s0"])
            resume = self.rng.choice(["", ', resume = "s0"', ', resume = "abandon"'])
            text += (
                f'breaks = [ {{ track = "{track}{stage}", delay = {self.length()}, '
                f"probability = {self.rng.choice([0.5, 1])}{resume} }} ]\n"
            )
        return text

    def influence(self) -> str:
        kind = self.rng.choice(["odds", "time", "rate"])
        on = self.rng.choice(self.shocks) if kind == "rate" else f"{self.rng.choice(self.tracks)}.*"
        ratio = self.rng.choice([0.4, 0.7, 1.5, 2.5])
        return f'[[influences]]\nof = "{self.literal()}"\non = "{on}"\n{kind} = {ratio}\n'

    def text(self) -> str:
        text = f'title = "No memory"\nstart = 2019-01-01\nhorizon = {HORIZON}\n'
        text += 'goal = "goal"\nruin = "ruin"\n'
        if self.chance(0.5):
            text += "[delegations]\nUS = 1\n"
        for name in self.plain + self.held:
            text += f"[conditions.{name}]\nmax = {self.most[name]}\n"
            if name in self.fading:
                text += f"fades = {self.length(20)}\n"
            if name in self.plain[2:] and self.chance(0.3):
                text += "initially = 1\n"
        for track in self.tracks:
            text += f'[tracks.{track}]\nparties = ["US"]\n'
            text += "".join(self.stage(track, i) for i in range(len(self.stages[track])))
        text += "".join(map(self.shock, self.shocks))
        if self.chance(0.7):
            text += '[shocks.end]\nrate = 0.3\nraises = ["ruin"]\n'
            if self.chance(0.3):
                text = text.replace('raises = ["ruin"]', 'raises = ["ruin", "goal"]')
        text += "".join(self.influence() for _ in range(self.rng.randint(0, 4)))
        text += "[strategies.a]\n"
        if self.chance(0.3):
            text += f"starts = {{ {self.tracks[0]} = {self.clauses(1)} }}\n"
        if self.chance(0.3):
            text += f'priority = ["{self.tracks[-1]}"]\n'
        if self.chance(0.3):
            text += f'raises = ["{self.plain[2]}"]\n'
        if self.chance(0.2):
            text += f"done = {self.done()}\n"
        if self.chance(0.15):
            text += f'never = ["{self.tracks[-1]}"]\n'
        if self.chance(0.6):
            rules = [self.rule(which) for which in range(self.rng.randint(1, 2))]
            text += f"rules = [ {', '.join(rules)} ]\n"
        return text
