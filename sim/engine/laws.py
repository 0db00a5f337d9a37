"""The scalar laws of the model: random streams, distributions, odds. Both engines call these.

Everything random comes from a counter-based generator, so each draw has an address and does not
depend on the order in which draws are made. All sampling is by inverse transform, one uniform a
variate. The elementary functions are our own and use only operations whose bits IEEE 754 fixes
(+ - * /, square root, integers), so that a seed gives the same histories on every machine.

Sources: Philox4x64-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC'11. Logarithm and exponential: argument reduction with the polynomials published by Sun
Microsystems (fdlibm). Normal quantile: rational approximations fitted for this project.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import numpy.typing as npt

from sim.engine.jit import bits_of, compiled, engine, float_of, wide_multiply

FIXED, EXPONENTIAL, LOGNORMAL, WEIBULL, UNIFORM, PERT, QUANTILES, VALUES = range(8)

TINY = 2.0**-54  # stands for a uniform of 0 where a quantile would be infinite
Z90 = 1.2815515655446004  # normal quantile at 0.9
FASTEST = 1e300  # a day; keeps absurd rates from becoming infinite

# -- random streams -------------------------------------------------------------------------------

_UNIT = 2.0**-53
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ELEVEN = np.uint64(11)


def stream(name: str) -> int:
    """The second half of the key of a named stream (``stage:talks.deal``, ``shock:war``, ..)."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


@compiled("UniTuple(uint64, 4)(uint64, uint64, uint64, uint64, uint64)", kept=True)
def words(seed, key, replication, occurrence, block):  # type: ignore[no-untyped-def]
    """Four words of Philox4x64-10: key (seed, key), counter (replication, occurrence, block, 0)."""
    k0, k1 = np.uint64(seed), np.uint64(key)
    c0, c1, c2, c3 = np.uint64(replication), np.uint64(occurrence), np.uint64(block), np.uint64(0)
    for _ in range(10):
        high0, low0 = wide_multiply(_M0, c0)
        high1, low1 = wide_multiply(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@compiled("UniTuple(float64, 4)(uint64, uint64, uint64, uint64, uint64)", kept=True)
def uniforms(seed, key, replication, occurrence, block):  # type: ignore[no-untyped-def]
    """Four uniforms in [0, 1), multiples of 2**-53, at an address; all arguments are uint64."""
    w0, w1, w2, w3 = words(seed, key, replication, occurrence, block)
    return (
        (w0 >> _ELEVEN) * _UNIT,
        (w1 >> _ELEVEN) * _UNIT,
        (w2 >> _ELEVEN) * _UNIT,
        (w3 >> _ELEVEN) * _UNIT,
    )


# -- elementary functions -------------------------------------------------------------------------

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_FRACTION = 0x000FFFFFFFFFFFFF
_ONE_BITS = 0x3FF0000000000000
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD


@compiled()
def _log_parts(x):  # type: ignore[no-untyped-def]
    """The logarithm of a positive finite number, as a sum of two numbers."""
    exponent = 0.0
    if x < 2.2250738585072014e-308:
        x, exponent = x * 18014398509481984.0, -54.0  # a subnormal has no exponent of its own
    # x = m 2^k with m from sqrt(1/2) to sqrt(2)
    bits = bits_of(x) - _ROOT_HALF_BITS
    k = bits >> 52
    m = float_of((bits & _FRACTION) + _ROOT_HALF_BITS)
    exponent += k
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = z * (
        6.666666666666735130e-01
        + z
        * (
            3.999999999940941908e-01
            + z
            * (
                2.857142874366239149e-01
                + z
                * (
                    2.222219843214978396e-01
                    + z
                    * (
                        1.818357216161805012e-01
                        + z * (1.531383769920937332e-01 + z * 1.479819860511658591e-01)
                    )
                )
            )
        )
    )
    half = 0.5 * f * f
    whole = exponent * _LN2_HIGH
    high = whole + f
    lost = (whole - high) + f if exponent != 0.0 else 0.0
    return high, lost - (half - (s * (half + series) + exponent * _LN2_LOW))


@compiled(kept=True)
def log(x):  # type: ignore[no-untyped-def]
    """Natural logarithm, within 1 ulp; -inf at 0, NaN below, inf at inf."""
    if x > 0.0 and x < math.inf:
        high, low = _log_parts(x)
        return high + low
    if x == 0.0:
        return -math.inf
    return x if x > 0.0 else math.nan


@compiled(kept=True)
def exp(x):  # type: ignore[no-untyped-def]
    """Exponential, within 1 ulp; 0 far below, inf far above."""
    if not x <= 709.782712893384:
        return math.inf if x == x else x
    if x < -745.2:
        return 0.0
    shifted = x * 1.4426950408889634 + (0.5 if x > 0.0 else -0.5)
    k = int(shifted)
    high = x - k * _LN2_HIGH
    low = k * _LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    y = 1.0 - ((low - r * c / (2.0 - c)) - high)
    if k > 1022:
        return y * 2.0 * float_of(_ONE_BITS + ((k - 1) << 52))
    if k < -1021:
        return y * float_of(_ONE_BITS + ((k + 60) << 52)) * 8.673617379884035e-19
    return y * float_of(_ONE_BITS + (k << 52))


@compiled(kept=True)
def power(x, a):  # type: ignore[no-untyped-def]
    """x**a for x >= 0 and a > 0, by logarithm and exponential; 0 at x = 0."""
    return exp(a * log(x)) if x > 0.0 else 0.0


@compiled(kept=True)
def normal_quantile(p):  # type: ignore[no-untyped-def]
    """Standard normal quantile, within 2 ulp; p is kept from 2**-54 upwards.

    In the middle z = q (sqrt(2 pi) + q^2 R(q^2)) with q = p - 1/2; in the tails
    z = r - S(r) with r = sqrt(-2 log p), where r carries its rounding error along and most of
    S is a constant that is subtracted exactly.
    """
    p = max(p, TINY)
    q = p - 0.5
    if abs(q) <= 0.375:
        t = q * q
        w = 0.1484375 - t  # so that all terms have one sign
        numerator = 4.127303438041655 + w * (
            112.26537452669244
            + w
            * (
                1153.2667676271428
                + w
                * (
                    5581.506507993773
                    + w
                    * (
                        12943.229164852462
                        + w
                        * (12928.635053625372 + w * (4022.5832304741302 + w * (42.53801588025126)))
                    )
                )
            )
        )
        denominator = 1.0 + w * (
            31.688029114599054
            + w
            * (
                394.3711675105702
                + w
                * (
                    2448.9656597582316
                    + w
                    * (
                        7972.6989969985
                        + w
                        * (13087.019426719262 + w * (9458.814541093943 + w * (2107.0622426341597)))
                    )
                )
            )
        )
        # 2.5066282746310007 is sqrt(2 pi) rounded; the next term is what is lost
        return q * 2.5066282746310007 + q * (t * (numerator / denominator) - 1.8328579980459167e-16)
    high, low = _log_parts(p if q < 0.0 else 1.0 - p)
    v = -2.0 * (high + low)
    v_low = -2.0 * ((high - (high + low)) + low)
    r = math.sqrt(v)
    # r * r exactly, by splitting r in halves
    big = 134217729.0 * r
    r_high = big - (big - r)
    r_low = r - r_high
    square = r * r
    square_low = ((r_high * r_high - square) + 2.0 * r_high * r_low) + r_low * r_low
    correction = ((v - square) - square_low + v_low) / (2.0 * r)
    if r < 4.495:
        most = 0.75
        rest = (
            2.857864735363387
            + r
            * (
                19.951226501051316
                + r
                * (
                    19.536501532008604
                    + r
                    * (
                        -0.34200261581102
                        + r
                        * (
                            -1.649583167332705
                            + r
                            * (
                                -0.4954397247728804
                                + r * (-0.05449594530004978 + r * (-0.001192280327758189))
                            )
                        )
                    )
                )
            )
        ) / (
            1.0
            + r
            * (
                13.039699090677633
                + r
                * (
                    31.4705963218772
                    + r
                    * (
                        23.033162420079602
                        + r
                        * (
                            6.747292524147553
                            + r
                            * (
                                1.1239700389246936
                                + r * (0.08530295343111356 + r * (0.0016040832078979658))
                            )
                        )
                    )
                )
            )
        )
    else:
        most = 0.5
        rest = (
            2.6409787996381735
            + r
            * (
                5.777303046359387
                + r
                * (
                    0.5750866156279427
                    + r
                    * (
                        -0.2213659707528028
                        + r * (-0.01937747642387729 + r * (-0.0002488997730786427))
                    )
                )
            )
        ) / (
            1.0
            + r
            * (
                5.137373495165076
                + r
                * (
                    4.325059558192727
                    + r
                    * (0.8549945374980159 + r * (0.04524184422993592 + r * (0.0005016418016811515)))
                )
            )
        )
    z = (r - most) - (rest - correction)
    return -z if q < 0.0 else z


@compiled(kept=True)
def unit_exponential(u):  # type: ignore[no-untyped-def]
    """The unit exponential at the uniform u: -log(1 - u); 1 - u is exact and never 0."""
    return -log(1.0 - u)


# -- distributions --------------------------------------------------------------------------------

PERT_CELLS = 96


@compiled(kept=True)
def quantile(family, a, b, c, d, table, start, count, u):  # type: ignore[no-untyped-def]
    """The law's quantile at the uniform u, in days.

    Args:
        family: one of the codes above.
        a, b, c, d: its parameters, from :func:`prepare`.
        table: tables of many laws in one array; this law's is ``table[start : start + count]``.
        u: in [0, 1).
    """
    if family == EXPONENTIAL:
        return a * unit_exponential(u)
    if family == FIXED:
        return a
    if family == QUANTILES:
        spread = b if u < 0.5 else c
        return a * exp(spread * normal_quantile(u))
    if family == LOGNORMAL:
        return a * exp(b * normal_quantile(u))
    if family == WEIBULL:
        return b * power(unit_exponential(u), a)
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


# -- laws from their parameters -------------------------------------------------------------------


def table_size(family: int, values: int) -> int:
    """How long the table of a law is that is given by so many values."""
    if family == PERT:
        return 2 * (2 * PERT_CELLS + 3)
    return values if family == VALUES else 0


def prepare(
    family: int, raw: npt.NDArray[np.float64]
) -> tuple[tuple[float, ...], npt.NDArray[np.float64]]:
    """What :func:`quantile` needs of a law, worked out once from its parameters.

    Args:
        family: one of the codes above.
        raw: FIXED [x]; EXPONENTIAL [mean]; LOGNORMAL [median, sigma]; WEIBULL [shape, scale];
            UNIFORM [min, max]; PERT [min, mode, max]; QUANTILES [p10, p50, p90];
            VALUES [v, ..] sorted. All in days, but sigma and shape.

    Returns:
        The four parameters and the table of :func:`quantile`.
    """
    params, table = np.zeros((1, 4)), np.zeros(table_size(family, len(raw)))
    spans = np.array([0, len(raw)]), np.array([0, len(table)])
    values = np.asarray(raw, np.float64)
    prepare_all(np.array([family]), spans[0], np.arange(len(raw)), values, params, spans[1], table)
    return tuple(params[0].tolist()), table


@engine
def prepare_all(families, slot_start, slots, numbers, params, table_start, table):  # type: ignore[no-untyped-def]
    """:func:`prepare` for many laws at once, into arrays.

    Args:
        families: (D,) their codes.
        slot_start: (D + 1,) the parameters of law i stand in ``numbers`` at
            ``slots[slot_start[i] : slot_start[i + 1]]``.
        params: (D, 4), is filled.
        table_start: (D + 1,) its table goes into ``table[table_start[i] : table_start[i + 1]]``.
    """
    for i in range(len(families)):
        family, at, last = families[i], slot_start[i], slot_start[i + 1]
        if family == VALUES:
            for n in range(last - at):
                table[table_start[i] + n] = numbers[slots[at + n]]
            continue
        first = numbers[slots[at]]
        second = numbers[slots[at + 1]] if last > at + 1 else 0.0
        third = numbers[slots[at + 2]] if last > at + 2 else 0.0
        if family == WEIBULL:
            params[i, 0], params[i, 1] = 1.0 / first, second
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
        else:
            params[i, 0], params[i, 1] = first, second


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
    """A probability with its odds multiplied: p r / ((1 - p) + p r); exact at 0 and 1."""
    if p <= 0.0 or p >= 1.0:
        return p  # whatever the ratio is, infinity too
    scaled = p * ratio
    if scaled == math.inf:
        return 1.0
    return scaled / ((1.0 - p) + scaled)


@compiled(kept=True)
def stretched(days, ratio):  # type: ignore[no-untyped-def]
    """A duration times its ratios; no time at all stays so, even where the ratios overflow."""
    product = days * ratio
    return product if product == product else days


@compiled(kept=True)
def bounded_speed(speed):  # type: ignore[no-untyped-def]
    """The speed of a shock's clock, kept finite whatever the ratios."""
    return min(speed, FASTEST)
