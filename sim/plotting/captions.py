"""How to read each figure, in two sentences: for the report, and for the gallery."""

from __future__ import annotations

HOW_TO_READ = {
    "incidence": "Share of all replications that had reached the goal by each day; the band is "
    "its interval. A curve that stays flat has runs that never get there, and they count.",
    "outcomes": "What came first in each replication: the goal, ruin, neither, or tracks given "
    "up. Each bar is all replications of a strategy, so the parts add up to 100 %.",
    "times": "When the goal came, where it came (ridge), and the share of replications in which "
    "it never did (bar at the right). Compare both: a high early ridge beside a large bar is fast "
    "or never.",
    "differences": "Percentage points by which more (right) or fewer (left) replications reach "
    "the goal than under the baseline, paired by replication. An interval that crosses zero shows "
    "no difference.",
    "ranking": "Mean days without the goal over all replications; a run that never got there "
    "counts with the whole horizon. Filled marks may be the best, all comparisons taken together.",
    "forest": "Paired differences to the baseline in each main measure. Thick bars are intervals "
    "by themselves, thin ones hold for all strategies together. Orange below: the same difference "
    "adjusted by control variates, where there are enough replications.",
    "sooner": "Per cent of paired replications in which the row reaches the goal sooner than the "
    "column, minus those in which it is later. Orange: the row is sooner; purple: it is later.",
    "durability": "Of the replications that reached the goal, the share in which it still holds "
    "without a break so many years later; grey: the other strategies. Above each panel stands how "
    "many were replayed, and of how many if not all. A curve that falls early is a goal that does "
    "not last.",
    "budget": "Mean days of a replication that the tracks which can bring the goal spend on each "
    "activity, until it comes or the run ends. Long waiting says what to open sooner, long delays "
    "which setback to avoid.",
    "costs": "Days without the goal that the same replications save without one setback or shock "
    "(ablation). Lines are intervals that hold together; pale bars are not significant.",
    "timeline": "One replication: attempts, delays, waits and the conditions that hold, each on "
    "a lane of its own, from left to right. Read the ends of the bars: success, a setback, or "
    "broken off; thin bars are delays and waits.",
    "side_by_side": "A paired replication under two strategies, on the same lanes and dates. The "
    "line marks the first event after day 0 that happens in one of the two only.",
    "front": "Each point is a sequence: the share that ends in ruin (left is better) against the "
    "share that reaches the goal (up is better). Lettered ones, spelled out below, are beaten by "
    "none in both and in days; diamonds are strategies of the file.",
    "tornado": "How far the outcome moves when one uncertain parameter goes to an end of its "
    "range and all others stay at their base values. Longest bars on top; lines are paired "
    "intervals, and a line that crosses zero may be chance.",
    "morris": "Each point is an uncertain parameter: how far it moves the outcome (right) and how "
    "unevenly (up), over the ranges of all others. Above the dotted line its effect depends on "
    "the others; hollow squares cannot be distinguished from noise.",
    "sobol": "How much of the outcome's variance between draws each parameter explains alone, and "
    "together with the others. Where the hatched bar is much longer, the parameter matters "
    "through its company.",
    "regret": "How far each strategy falls behind the best one, draw by draw: boxes hold the "
    "middle half of the draws, diamonds are means. Left and narrow is robust; the share at the "
    "right says in how many draws it is the best.",
    "switching": "Each lane is the range of one uncertain parameter, all others at base values: "
    "the mark says from which value on another strategy is the best. The nearer to the middle and "
    "the shorter its bar, the more the answer hangs on that parameter; hollow marks may be chance.",
    "map": "The best strategy where two uncertain parameters take other values and all others "
    "stay at base values. Where the colour changes around the cross, the answer hangs on these "
    "two; pale and hatched cells show no winner.",
    "lengths": "How long dated spells of the record lasted: the share that still went on after so "
    "many days, with the law fitted to it. Steps far from the curve would say that the law is "
    "wrong.",
    "counts": "What the record counts month by month; shaded months had dialogue. Fewer bars "
    "where it is shaded is what the scenario's rate ratio rests on.",
    "calibration": "Where what really happened fell among the replications simulated beforehand, "
    "fact by fact. Points inside the grey band are where they would fall if the model were right.",
    "intervals": "What was forecast of five episodes before they began (bars: 50, 80 and 95 %), "
    "and what happened (marks). About one mark in twenty should lie beyond its bars.",
    "narrowed": "What the record leaves of the ranges that moved most: grey before, blue after, on "
    "the scale of the grey bar; the medians stand beside. A blue bar as long as the grey one means "
    "that the record says little of that parameter.",
}
