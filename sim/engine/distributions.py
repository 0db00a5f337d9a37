"""Distributions of durations, and what influences do to probabilities, durations and speeds.

All sampling is by inverse transform: one uniform gives one variate. A distribution ("law") is
prepared once: its parameters become four numbers and a table, from which :func:`quantile` reads.
Both engines call the functions of this module.

Sources: PERT is the beta distribution with lambda = 4 (D. G. Malcolm, J. H. Roseboom, C. E. Clark,
W. Fazar 1959, Operations Research 7, 646-669); the incomplete beta function by its power series
(NIST DLMF 8.17.8); log-normal and Weibull as in any textbook.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sim.engine.elementary import exp, log, normal_quantile, power
from sim.engine.jit import compiled, engine

FIXED, EXPONENTIAL, LOGNORMAL, WEIBULL, UNIFORM, PERT, QUANTILES, VALUES = range(8)

Z90 = 1.2815515655446004  # normal quantile at 0.9
FASTEST = 1e300  # a day; keeps absurd rates from becoming infinite
PERT_CELLS = 96


@compiled(kept=True)
def unit_exponential(u):  # type: ignore[no-untyped-def]
    """The unit exponential at the uniform u: -log(1 - u); 1 - u is exact and never 0."""
    return -log(1.0 - u)


@compiled(kept=True)
def quantile(family, a, b, c, d, table, start, count, u):  # type: ignore[no-untyped-def]
    """The law's quantile at the uniform u, in days.

    Args:
        family: one of the codes above.
        a, b, c, d: its parameters, from :func:`prepare`; where the law can be truncated, d is the
            probability of its values up to the `max`, else 1.
        table: tables of many laws in one array; this law's is ``table[start : start + count]``.
        u: in [0, 1).

    >>> (a, b, c, d), table = prepare(UNIFORM, np.array([10.0, 30.0]))
    >>> quantile(UNIFORM, a, b, c, d, table, 0, len(table), 0.25)
    15.0
    """
    if family == EXPONENTIAL:
        return a * unit_exponential(u * d)
    if family == FIXED:
        return a
    if family == QUANTILES:
        within = u * d
        spread = b if within < 0.5 else c
        return a * exp(spread * normal_quantile(within))
    if family == LOGNORMAL:
        return a * exp(b * normal_quantile(u * d))
    if family == WEIBULL:
        return b * power(unit_exponential(u * d), a)
    if family == UNIFORM:
        return a + b * u
    if family == PERT:
        if u < 0.5:
            return a + b * pert_side(table, start, power(u, c))
        half = start + 2 * PERT_CELLS + 3
        return a + b * (1.0 - pert_side(table, half, power(1.0 - u, d)))
    return between(table, start, count, u)


@compiled()
def between(table, start, count, u):  # type: ignore[no-untyped-def]
    """Linear interpolation between sorted values (NumPy's default quantile)."""
    place = u * (count - 1)
    i = int(place)
    if i >= count - 1:
        return table[start + count - 1]
    lower, upper = table[start + i], table[start + i + 1]
    share = place - i
    if share < 0.5:
        return lower + (upper - lower) * share
    return upper - (upper - lower) * (1.0 - share)


@compiled()
def pert_side(table, start, w):  # type: ignore[no-untyped-def]
    """One half of the inverse of a beta distribution: x at w = F(x)**(1/alpha).

    In w the inverse is smooth down to 0; the table holds cells per unit of w, then the values
    and slopes at the ends of the cells, for cubic interpolation.
    """
    place = w * table[start]
    i = min(int(place), PERT_CELLS - 1)
    s = place - i
    at = start + 1 + 2 * i
    x0, slope0, x1, slope1 = table[at], table[at + 1], table[at + 2], table[at + 3]
    rise = x1 - x0
    return x0 + s * (
        slope0 + s * ((3.0 * rise - 2.0 * slope0 - slope1) + s * (slope0 + slope1 - 2.0 * rise))
    )


@compiled(kept=True)
def incomplete_beta(alpha, x):  # type: ignore[no-untyped-def]
    """The integral of t^(alpha - 1) (1 - t)^(5 - alpha) from 0 to x < 1, by its power series.

    A PERT law with lambda 4 is a beta distribution whose parameters sum to 6.
    """
    term = 1.0
    total = 1.0
    n = 0.0
    while term > 1e-17 * total:
        term *= (6.0 + n) / (alpha + 1.0 + n) * x
        total += term
        n += 1.0
    return power(x, alpha) * power(1.0 - x, 6.0 - alpha) / alpha * total


@compiled(kept=True)
def fill_pert_side(alpha, whole, table):  # type: ignore[no-untyped-def]
    """The table of :func:`pert_side` for the half of the distribution near 0."""
    cells = (len(table) - 3) // 2
    width = power(0.5, 1.0 / alpha) / cells
    table[0] = 1.0 / width
    # At 0, F(x) = x^alpha / (alpha B): a straight line in w.
    table[1] = 0.0
    table[2] = power(alpha * whole, 1.0 / alpha) * width
    x, slope = 0.0, table[2]
    for i in range(1, cells + 1):
        w = width * i
        target = power(w, alpha) * whole
        x = min(x + slope, 0.5 * (x + 1.0))
        for _ in range(50):
            density = power(x, alpha - 1.0) if alpha > 1.0 else 1.0
            density *= power(1.0 - x, 5.0 - alpha) if alpha < 5.0 else 1.0
            step = (incomplete_beta(alpha, x) - target) / density
            x = max(x - step, 0.5 * x)
            if abs(step) <= 1e-15 * x:
                break
        density = power(x, alpha - 1.0) if alpha > 1.0 else 1.0
        density *= power(1.0 - x, 5.0 - alpha) if alpha < 5.0 else 1.0
        slope = alpha * (target / w) / density * width
        table[1 + 2 * i] = x
        table[2 + 2 * i] = slope


@compiled(kept=True)
def fill_pert(alpha, table):  # type: ignore[no-untyped-def]
    """Both halves of the inverse of the beta distribution with parameters alpha and 6 - alpha."""
    beta = 6.0 - alpha
    mean = alpha / 6.0
    whole = incomplete_beta(alpha, mean) + incomplete_beta(beta, 1.0 - mean)
    side = len(table) // 2
    fill_pert_side(alpha, whole, table[:side])
    fill_pert_side(beta, whole, table[side:])


@compiled(kept=True)
def share_within(family, a, b, c, table, most):  # type: ignore[no-untyped-def]
    """The probability that a law without an upper bound gives at most ``most`` days.

    Found by bisection of the quantile function itself, so that no quantile at a smaller uniform is
    above ``most``, and on the same bits everywhere.
    """
    low, high = 0.0, 1.0
    middle = 0.5
    while low < middle < high:
        if quantile(family, a, b, c, 1.0, table, 0, 0, middle) <= most:
            low = middle
        else:
            high = middle
        middle = 0.5 * (low + high)
    return low


# -- laws from their parameters -------------------------------------------------------------------


def table_size(family: int, values: int) -> int:
    """The length of the table of a law that is given by so many values.

    Args:
        family: a code of this module.
        values: how many values or quantiles the law is given by.

    Returns:
        0 for laws with a closed form of their quantile; both halves of an inverse for PERT.

    >>> table_size(VALUES, 12)
    12
    """
    if family == PERT:
        return 2 * (2 * PERT_CELLS + 3)
    return values if family == VALUES else 0


def prepare(
    family: int, raw: npt.NDArray[np.float64]
) -> tuple[tuple[float, ...], npt.NDArray[np.float64]]:
    """The arguments of :func:`quantile` for a law.

    Args:
        family: one of the codes above.
        raw: FIXED [x]; EXPONENTIAL [mean]; LOGNORMAL [median, sigma]; WEIBULL [shape, scale];
            UNIFORM [min, max]; PERT [min, mode, max]; QUANTILES [p10, p50, p90];
            VALUES [v, ..] sorted. All in days, but sigma and shape. EXPONENTIAL, LOGNORMAL, WEIBULL
            and QUANTILES may be followed by the value beyond which nothing is drawn.

    Returns:
        The four parameters and the table of :func:`quantile`.

    >>> prepare(LOGNORMAL, np.array([75.0, 0.7]))
    ((75.0, 0.7, 0.0, 1.0), array([], dtype=float64))
    """
    params, table = np.zeros((1, 4)), np.zeros(table_size(family, len(raw)))
    spans = np.array([0, len(raw)]), np.array([0, len(table)])
    values = np.asarray(raw, np.float64)
    prepare_all(np.array([family]), spans[0], np.arange(len(raw)), values, params, spans[1], table)
    return tuple(params[0].tolist()), table


@engine
def prepare_all(families, index_start, indices, parameters, params, table_start, table):  # type: ignore[no-untyped-def]
    """:func:`prepare` for many laws at once, into arrays.

    Args:
        families: (D,) their codes.
        index_start: (D + 1,) the parameters of law i stand in ``parameters`` at
            ``indices[index_start[i] : index_start[i + 1]]``.
        params: (D, 4), is filled.
        table_start: (D + 1,) its table goes into ``table[table_start[i] : table_start[i + 1]]``.
    """
    for i in range(len(families)):
        family, at, last = families[i], index_start[i], index_start[i + 1]
        own = 0  # parameters of a law that may be truncated
        if family == VALUES:
            for n in range(last - at):
                table[table_start[i] + n] = parameters[indices[at + n]]
            continue
        first = parameters[indices[at]]
        second = parameters[indices[at + 1]] if last > at + 1 else 0.0
        third = parameters[indices[at + 2]] if last > at + 2 else 0.0
        if family == WEIBULL:
            params[i, 0], params[i, 1], own = 1.0 / first, second, 2
        elif family == UNIFORM:
            params[i, 0], params[i, 1] = first, second - first
        elif family == PERT:
            width = third - first
            alpha = 1.0 + 4.0 * ((second - first) / width) if width > 0.0 else 3.0
            params[i, 0], params[i, 1] = first, width
            params[i, 2], params[i, 3] = 1.0 / alpha, 1.0 / (6.0 - alpha)
            fill_pert(alpha, table[table_start[i] : table_start[i + 1]])
        elif family == QUANTILES:
            params[i, 0] = second
            params[i, 1], params[i, 2] = log(second / first) / Z90, log(third / second) / Z90
            own = 3
        elif family == EXPONENTIAL:
            params[i, 0], own = first, 1
        elif family == LOGNORMAL:
            params[i, 0], params[i, 1], own = first, second, 2
        else:
            params[i, 0] = first
        if own > 0:
            params[i, 3] = 1.0
            if last - at > own:
                params[i, 3] = share_within(
                    family,
                    params[i, 0],
                    params[i, 1],
                    params[i, 2],
                    table,
                    parameters[indices[at + own]],
                )


@engine
def quantiles(family, params, table, us, out):  # type: ignore[no-untyped-def]
    """:func:`quantile` at many uniforms at once: ``us`` and ``out`` are (n,)."""
    for i in range(len(us)):
        out[i] = quantile(
            family, params[0], params[1], params[2], params[3], table, 0, len(table), us[i]
        )


# -- odds and speeds ------------------------------------------------------------------------------


@compiled(kept=True)
def success_probability(p, ratio):  # type: ignore[no-untyped-def]
    """A probability with its odds multiplied: p r / ((1 - p) + p r); exact at 0 and 1.

    >>> success_probability(0.5, 3.0)
    0.75
    """
    if p <= 0.0 or p >= 1.0:
        return p  # whatever the ratio is, infinity too
    scaled = p * ratio
    if scaled == math.inf:
        return 1.0
    return scaled / ((1.0 - p) + scaled)


@compiled(kept=True)
def stretched(days, ratio):  # type: ignore[no-untyped-def]
    """A duration times its ratios; no time at all stays so, even where the ratios overflow.

    >>> stretched(30.0, 1.5), stretched(0.0, math.inf)
    (45.0, 0.0)
    """
    product = days * ratio
    return product if product == product else days


@compiled(kept=True)
def bounded_speed(speed):  # type: ignore[no-untyped-def]
    """The speed of a shock's clock, kept finite whatever the ratios."""
    return min(speed, FASTEST)
