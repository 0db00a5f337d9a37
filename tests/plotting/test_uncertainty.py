"""Figures of the assumptions: each says what its table says."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from sim.plotting import style
from sim.plotting import uncertainty as plots

COLUMNS = ["number", "end", "from", "likely", "to", "verdict", "value_low", "value", "value_high",
           "strategy"]  # fmt: skip
ROWS = [
    ("a.success", "low", 0.1, 0.5, 0.6, "switches", 0.2, 0.3, 0.4, "left"),
    ("b.rate", "high", 1.0, 2.0, 6.0, "switches", 3.0, 4.0, math.nan, "right"),
    ("c.rate", "high", 1.0, 2.0, 3.0, "perhaps", 2.2, 2.5, math.nan, "right"),
    ("d.rate", "high", 1.0, 2.0, 3.0, "perhaps", math.nan, math.nan, math.nan, "right"),
    ("e.rate", "", 1.0, 2.0, 3.0, "does not switch", math.nan, math.nan, math.nan, "left"),
]
STRATEGIES = ["middle", "left", "right"]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def table(*rows: tuple) -> pd.DataFrame:
    made = pd.DataFrame(list(rows), columns=COLUMNS)
    made.attrs = {"leader": "middle"}
    return made


def marks(ax) -> dict[float, tuple[float, bool]]:
    """Of each lane from the top, the place of its mark and whether it is filled."""
    drawn = [line for line in ax.lines if line.get_marker() == "D"]
    return {
        -float(line.get_ydata()[0]): (
            float(line.get_xdata()[0]),
            line.get_markerfacecolor() != "white",
        )
        for line in drawn
    }


def test_switching_values_stand_in_their_ranges() -> None:
    ax = plots.switching(table(*ROWS), STRATEGIES)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "a.success  (0.5)", "b.rate  (2)", "c.rate  (2)"]  # fmt: skip
    found = marks(ax)
    assert list(found.values()) == [
        (pytest.approx(-0.5), True),  # halfway from likely to the low end
        (pytest.approx(0.5), True),
        (pytest.approx(0.5), False),
    ]
    whiskers = [line.get_xdata() for line in ax.lines if line.get_linewidth() == style.MOST + 1]
    assert [list(map(float, ends)) for ends in whiskers] == [
        pytest.approx([-0.75, -0.25]), pytest.approx([0.25, 1.0]), pytest.approx([0.2, 1.0])
    ]  # fmt: skip
    assert sum(line.get_marker() == ">" for line in ax.lines) == 2
    assert "2 of 5 parameters alone make another strategy better than middle" in ax.get_title(
        "left"
    )
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert shown == ["left", "right", "may be chance"]
    assert {"0.3", "4", "2.5"} <= {text.get_text() for text in ax.texts}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (ROWS[2:], "None of 3 parameters alone is shown to make another one better than middle"),
        (ROWS[:1], "1 of 1 parameters alone makes another strategy better than middle"),
    ],
)
def test_one_switch_or_none_is_in_the_title(rows, sentence) -> None:
    title = plots.switching(table(*rows), STRATEGIES).get_title("left")
    assert " ".join(title.split()) == sentence


def faces(patches) -> list[tuple]:
    return [patch.get_facecolor()[:3] for patch in patches]


def test_a_strategy_has_one_colour_in_all_figures_of_a_study() -> None:
    draws = pd.DataFrame({"strategy": ["right", "left"] * 3, "regret": [0.0, 0.1] * 3})
    draws.attrs = {"label": "share", "scale": 100.0, "steps": "points"}
    ranking = pd.DataFrame({"strategy": ["right", "left"], "regret": [0.0, 0.1],
                            "regret_low": math.nan, "regret_high": math.nan,
                            "best": [1.0, 0.0]})  # fmt: skip
    boxes = plots.regret(draws, ranking, STRATEGIES).patches
    cells = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 1.0], "strategy": ["right", "left"],
                          "apart": True})  # fmt: skip
    cells.attrs = {"among": ("left", "right"), "likely": (1, 1), "numbers": ("a", "b")}
    squares = plots.best_map(cells, STRATEGIES).patches
    ax = plots.switching(table(*ROWS[:2]), STRATEGIES)
    diamonds = {
        one.get_label(): one.get_markerfacecolor() for one in ax.get_legend().legend_handles
    }
    right, left = (style.PALETTE[STRATEGIES.index(name)] for name in ("right", "left"))
    assert faces(boxes) == faces(squares) == [right, left]
    assert [diamonds["right"], diamonds["left"]] == [right, left]
