#!/usr/bin/env python3
"""Exact values of the elementary functions at float64 arguments, from MPFR.

    python -m venv venv && venv/bin/pip install gmpy2
    venv/bin/python make.py                          # rewrites the *.bin files beside this script
    venv/bin/python make.py exp 10000000 > exp.bin   # a larger sample of one function, for bench/ulp

A record is, little endian: the arguments (float64, one or two), the correctly rounded
result r (float64), and the exact result less r in units in the last place of the exact
result (float32). The last is what makes errors measurable far below one unit, for
subnormal results too. Special arguments come first, then random ones that go round
the function's regions.
"""
import math
import os
import random
import struct
import sys

import gmpy2

FIXTURE_SAMPLES = 4000
gmpy2.get_context().precision = 160  # the 107 bits beyond a result's 53 are far below 2^-20 of its last place

INF, NAN = math.inf, math.nan
PI = gmpy2.const_pi(1200)


def uniform(a, b):
    return lambda r: r.uniform(a, b)


def magnitudes(a, b, signed=True):
    """Magnitudes between 2^a and 2^b, all binades alike."""

    def draw(r):
        x = math.ldexp(1 + r.random(), min(math.floor(r.uniform(a, b)), 1023))
        return -x if signed and r.random() < 0.5 else x

    return draw


def any_bits(r):
    return struct.unpack("<d", struct.pack("<Q", r.getrandbits(64)))[0]


def near_one(r):
    """1 plus or minus a power of two down to 2^-54."""
    d = 2.0 ** (-54 * r.random())
    return 1 + d if r.random() < 0.5 else 1 - d / 2


def near_quarters(limit):
    """Doubles within three places of a multiple of pi/2 up to limit of them."""

    def draw(r):
        k = math.floor(limit ** r.random())
        x = float(PI / 2 * k)
        for _ in range(r.randrange(4)):
            x = math.nextafter(x, r.choice((-INF, INF)))
        return x

    return draw


BORDERS = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 0.5, 2.0, 5e-324, -5e-324, 2.0**-1022, -(2.0**-1022), sys.float_info.max, -sys.float_info.max]
QUARTERS = [uniform(-1, 1), uniform(-10, 10), near_quarters(1e3), near_quarters(1e6), near_quarters(1e12), near_quarters(1e15), magnitudes(-1074, 40), magnitudes(39, 1023), any_bits]
HARD_ANGLES = [6381956970095103.0 * 2.0**797, 2.0**40, math.nextafter(2.0**40, 0), float.fromhex("0x1.0f056032008bfp+508"), float.fromhex("-0x1.a0501a7cb1cb4p-1"), math.pi, math.pi / 2, math.pi / 4]
LOGS = [uniform(0.5, 2), magnitudes(-1074, 1023, False), near_one, uniform(0.6, 0.8), uniform(1.3, 1.5), any_bits]
HARD_LOGS = [float.fromhex(x) for x in ("0x1.69d2bdd2e382bp-1", "0x1.68144624eadb9p+0", "0x1.6a09e667f3bcdp-1", "0x1.6a09e667f3bccp+0", "0x1.fffffffffffffp-1", "0x1.0000000000001p+0")] + [10.0**k for k in range(-5, 23)]

# name: function, hard arguments, regions
UNARY = {
    "exp": (gmpy2.exp, [float.fromhex("-0x1.6265abdc7bfe5p+9"), 709.782712893384, 709.7827128933841, -745.1332191019411, -745.1332191019412, 708.0, -708.0],
            [uniform(-1, 1), uniform(-750, 720), uniform(-745.5, -707), uniform(707, 710), magnitudes(-60, 3), any_bits]),
    "exp2": (gmpy2.exp2, [float.fromhex("-0x1.ff2f1d67c20ffp+9"), 1024.0, 1023.9999999999999, -1075.0, -1074.9, -1074.0, 1021.0, -1021.0],
             [uniform(-1, 1), uniform(-1080, 1030), uniform(-1076, -1019), magnitudes(-60, 3), any_bits]),
    "expm1": (gmpy2.expm1, [float.fromhex("-0x1.283271056456ap+5"), 709.782712893384, 709.7827128933841, 708.0, -708.0],
              [uniform(-1, 1), uniform(-50, 50), uniform(-0.4, 0.4), uniform(-1.2, -0.2), uniform(700, 710), uniform(36, 40), magnitudes(-1070, 9), any_bits]),
    "log": (gmpy2.log, HARD_LOGS, LOGS),
    "log2": (gmpy2.log2, HARD_LOGS, LOGS),
    "log10": (gmpy2.log10, HARD_LOGS, LOGS),
    "log1p": (gmpy2.log1p, [float.fromhex("0x1.a823e2a68ac4bp-2"), float.fromhex("0x1.a8p-2"), float.fromhex("-0x1.2bp-2"), 2.0**1000, -0.9999999999999999],
              [uniform(-1, 1), magnitudes(-1070, 1023), uniform(-0.5, 0.6), uniform(-0.31, -0.28), uniform(0.4, 0.43), magnitudes(-60, 0), magnitudes(0, 60, False), any_bits]),
    "sin": (gmpy2.sin, HARD_ANGLES, QUARTERS),
    "cos": (gmpy2.cos, HARD_ANGLES, QUARTERS),
    "tanh": (gmpy2.tanh, [float.fromhex("-0x1.a287ce984b248p-3"), 20.0, 19.0, 22.0],
             [uniform(-1, 1), uniform(-20, 20), uniform(0, 0.6), magnitudes(-1070, 5), any_bits]),
    "erf": (gmpy2.erf, [float.fromhex("0x1.b6f143fed2b46p-1"), 0.86, math.nextafter(0.86, 0), 6.0, 5.9],
            [uniform(-1, 1), uniform(-6.2, 6.2), uniform(0.95, 1.3), magnitudes(-1070, 3), any_bits]),
}


def pow_regions():
    def over_log(x, e):
        return e / abs(math.log(x)) if x != 1 else e

    def plain(r):
        return r.uniform(0, 10), r.uniform(-10, 10)

    def whole(r):
        x = magnitudes(-1074, 1023, False)(r)
        return x, over_log(x, r.uniform(-745, 745))

    def around_one(r):
        x = r.uniform(0.98, 1.04)
        return x, over_log(x, r.uniform(-745, 745))

    def border_near_one(r):
        x = 1 + r.choice((-0.5, 1)) * 2.0 ** (-50 * r.random())
        return x, over_log(x, r.choice((-1, 1)) * r.uniform(700, 745))

    def border(r):
        x = 2 ** r.uniform(-1, 1)
        return x, over_log(x, r.choice((-1, 1)) * r.uniform(700, 745))

    def bits(r):
        return any_bits(r), any_bits(r)

    def small_quotients(r):
        return r.randint(-1000, 1000) / r.randint(1, 4), r.randint(-200, 200) / r.randint(1, 2)

    return [plain, whole, around_one, border_near_one, border, bits, small_quotients]


POW_SPECIALS = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, INF, -INF, NAN, 5e-324, -5e-324, 1e308, -1e308, 1e300, 1.5, -1.5,
                2.0**53, 2.0**53 + 2, -(2.0**53), 4503599627370497.0, 1 + 2.0**-52, 1 - 2.0**-53]
POW_HARD = [(float.fromhex("0x1.555c2d6230428p+0"), float.fromhex("-0x1.33dd6e96e8726p+11"))]


def arguments(name, count):
    """The special arguments, then count random ones."""
    r = random.Random("numen " + name)
    if name == "pow":
        yield from ((x, y) for x in POW_SPECIALS for y in POW_SPECIALS)
        yield from POW_HARD
        regions = pow_regions()
        for i in range(count):
            yield regions[i % len(regions)](r)
        return
    _, hard, regions = UNARY[name]
    for x in BORDERS + hard:
        yield (x,)
    for i in range(count):
        yield (regions[i % len(regions)](r),)


def write(name, count, out):
    f = UNARY[name][0] if name in UNARY else (lambda x, y: gmpy2.mpfr(x) ** y)
    pack = struct.Struct("<dddf" if name == "pow" else "<ddf").pack
    get_exp, mul_2exp, div_2exp, is_finite = gmpy2.get_exp, gmpy2.mul_2exp, gmpy2.div_2exp, gmpy2.is_finite
    chunk = []
    for args in arguments(name, count):
        v = f(*args)
        r = float(v)
        d = 0.0
        if v and is_finite(v) and r - r == 0:
            place = max(get_exp(v) - 1, -1022) - 52
            rest = v - r
            d = float(mul_2exp(rest, -place) if place < 0 else div_2exp(rest, place))
        chunk.append(pack(*args, r, d))
        if len(chunk) == 1 << 16:
            out.write(b"".join(chunk))
            chunk.clear()
    out.write(b"".join(chunk))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        write(sys.argv[1], int(sys.argv[2]), sys.stdout.buffer)
    elif len(sys.argv) == 1:
        here = os.path.dirname(os.path.abspath(__file__))
        for function in [*UNARY, "pow"]:
            with open(os.path.join(here, function + ".bin"), "wb") as file:
                write(function, FIXTURE_SAMPLES, file)
    else:
        sys.exit(__doc__)
