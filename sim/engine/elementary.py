"""Elementary functions with the same bits on every machine: log, exp, power, normal quantile.

They use only operations whose result IEEE 754 fixes: + - * /, square root and integers. The
functions of the C library differ by processor and version.

Sources: logarithm and exponential by argument reduction, with the polynomials of fdlibm (Sun
Microsystems 1993, e_log.c and e_exp.c). Normal quantile: rational approximations fitted for this
project.
"""

from __future__ import annotations

import math

from sim.engine.jit import bits_of, compiled, float_of

TINY = 2.0**-54  # stands for a uniform of 0 where a quantile would be infinite

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_FRACTION = 0x000FFFFFFFFFFFFF
_ONE_BITS = 0x3FF0000000000000
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD


_LOG = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
    2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
    1.479819860511658591e-01,
)  # fmt: skip
_EXP = (
    1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
    -1.65339022054652515390e-06, 4.13813679705723846039e-08,
)  # fmt: skip
# Numerators and denominators of the normal quantile: in the middle, in the tails, far out.
_MIDDLE = (
    4.127303438041655, 112.26537452669244, 1153.2667676271428, 5581.506507993773,
    12943.229164852462, 12928.635053625372, 4022.5832304741302, 42.53801588025126,
)  # fmt: skip
_MIDDLE_BELOW = (
    1.0, 31.688029114599054, 394.3711675105702, 2448.9656597582316,
    7972.6989969985, 13087.019426719262, 9458.814541093943, 2107.0622426341597,
)  # fmt: skip
_TAIL = (
    2.857864735363387, 19.951226501051316, 19.536501532008604, -0.34200261581102,
    -1.649583167332705, -0.4954397247728804, -0.05449594530004978, -0.001192280327758189,
)  # fmt: skip
_TAIL_BELOW = (
    1.0, 13.039699090677633, 31.4705963218772, 23.033162420079602,
    6.747292524147553, 1.1239700389246936, 0.08530295343111356, 0.0016040832078979658,
)  # fmt: skip
_FAR = (
    2.6409787996381735, 5.777303046359387, 0.5750866156279427,
    -0.2213659707528028, -0.01937747642387729, -0.0002488997730786427,
)  # fmt: skip
_FAR_BELOW = (
    1.0, 5.137373495165076, 4.325059558192727,
    0.8549945374980159, 0.04524184422993592, 0.0005016418016811515,
)  # fmt: skip


# Horner's scheme, written out so that the compiler has no loop to unroll.
@compiled()
def _horner5(x, c):  # type: ignore[no-untyped-def]
    return c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * c[4])))


@compiled()
def _horner6(x, c):  # type: ignore[no-untyped-def]
    return c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * (c[4] + x * c[5]))))


@compiled()
def _horner7(x, c):  # type: ignore[no-untyped-def]
    return c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * (c[4] + x * (c[5] + x * c[6])))))


@compiled()
def _horner8(x, c):  # type: ignore[no-untyped-def]
    high = c[4] + x * (c[5] + x * (c[6] + x * c[7]))
    return c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * high)))


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
    series = z * _horner7(z, _LOG)
    half = 0.5 * f * f
    whole = exponent * _LN2_HIGH
    high = whole + f
    lost = (whole - high) + f if exponent != 0.0 else 0.0
    return high, lost - (half - (s * (half + series) + exponent * _LN2_LOW))


@compiled(kept=True)
def log(x):  # type: ignore[no-untyped-def]
    """Natural logarithm, within 1 ulp; -inf at 0, NaN below, inf at inf.

    >>> log(8.0) / log(2.0)
    3.0
    """
    if x > 0.0 and x < math.inf:
        high, low = _log_parts(x)
        return high + low
    if x == 0.0:
        return -math.inf
    return x if x > 0.0 else math.nan


@compiled(kept=True)
def exp(x):  # type: ignore[no-untyped-def]
    """Exponential, within 1 ulp; 0 below -745.2, inf above 709.78.

    >>> exp(0.0), exp(1000.0)
    (1.0, inf)
    """
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
    c = r - t * _horner5(t, _EXP)
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
    """Standard normal quantile, within 2 ulp; a p below 2**-54 counts as 2**-54.

    >>> normal_quantile(0.5), round(normal_quantile(0.975), 12)
    (0.0, 1.95996398454)
    """
    p = max(p, TINY)
    q = p - 0.5
    if abs(q) <= 0.375:
        return _quantile_in_the_middle(q)
    z = _quantile_in_the_tail(p if q < 0.0 else 1.0 - p)
    return -z if q < 0.0 else z


@compiled()
def _quantile_in_the_middle(q):  # type: ignore[no-untyped-def]
    """q (sqrt(2 pi) + q^2 R(q^2)) with R rational; q = p - 1/2."""
    t = q * q
    w = 0.1484375 - t  # so that all terms have one sign
    ratio = _horner8(w, _MIDDLE) / _horner8(w, _MIDDLE_BELOW)
    # 2.5066282746310007 is sqrt(2 pi) rounded; the next term is what is lost
    return q * 2.5066282746310007 + q * (t * ratio - 1.8328579980459167e-16)


@compiled()
def _quantile_in_the_tail(p):  # type: ignore[no-untyped-def]
    """The absolute quantile, r - S(r) with r = sqrt(-2 log p), at a p below 1/8.

    r carries its rounding error along, and most of S is a constant that is subtracted exactly.
    """
    high, low = _log_parts(p)
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
        rest = _horner8(r, _TAIL) / _horner8(r, _TAIL_BELOW)
        return (r - 0.75) - (rest - correction)
    rest = _horner6(r, _FAR) / _horner6(r, _FAR_BELOW)
    return (r - 0.5) - (rest - correction)
