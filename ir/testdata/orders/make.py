"""Writes orders.txt: results of the canonical orders, computed with exact rationals and
one rounding an operation, from the text of the contract alone. No dependencies:

    python3 make.py > orders.txt

A line is: operation, order, dtype, number of elements, bits of the result. For scans the
result is the exclusive or of every element's bits turned left by its position. With
x(k) = (k * 2654435761 mod 2^32 - 2^31) / 3, element k of the first operand is x(k) / 2^20, of
the second x(k + 77) / 2^30, in products 1 + x(k) / 2^38, each step rounded to f64 and the
last to the dtype."""
import struct
from fractions import Fraction as F

BITS = dict(f64=53, f32=24)


def rounded(x, d):
    """x to nearest even. No value here comes near the ends of the range."""
    if x == 0:
        return F(0)
    n, m = abs(x).numerator, abs(x).denominator
    e = n.bit_length() - m.bit_length()
    if F(n, m) < F(2) ** e:
        e -= 1
    ulp = F(2) ** (e - BITS[d] + 1)
    return round(x / ulp) * ulp


def bits(x, d):
    return struct.unpack('<Q' if d == 'f64' else '<I', struct.pack('<d' if d == 'f64' else '<f', float(x)))[0]


def x(k):
    return rounded(F(k * 2654435761 % 2**32 - 2**31, 3), 'f64')


def tree(parts, f):
    if len(parts) == 1:
        return parts[0]
    m = 1
    while 2 * m < len(parts):
        m *= 2
    return f(tree(parts[:m], f), tree(parts[m:], f))


def chain(xs, step):
    """step(None, x) is the state that x alone makes: nothing starts from a zero."""
    s = None
    for x in xs:
        s = step(s, x)
    return s


def reduce(order, xs, step, merge):
    if order == 'tree':
        return tree([step(None, x) for x in xs], merge)
    if order == 'chain':
        return tree([chain(xs[i:i + 512], step) for i in range(0, len(xs), 512)], merge)
    parts = []
    for i in range(0, len(xs), 1024):
        lane = [chain(xs[i + l:min(i + 1024, len(xs)):16], step) for l in range(16)]
        half = 8
        while half:
            for l in range(half):
                if lane[l + half] is not None:
                    lane[l] = merge(lane[l], lane[l + half])
            half //= 2
        parts.append(lane[0])
    return tree(parts, merge)


def scan(xs, f):
    out, blocks = [], None
    both = lambda a, b: b if a is None else f(a, b)
    for i in range(0, len(xs), 1024):
        groups = None
        for g in range(i, min(i + 1024, len(xs)), 16):
            s = xs[g:min(g + 16, len(xs))]
            for d in (1, 2, 4, 8):
                s = [f(s[(t & ~(2 * d - 1)) | (d - 1)], s[t]) if t & d else s[t] for t in range(len(s))]
            out += [both(blocks, both(groups, v)) for v in s]
            groups = both(groups, s[-1])
        blocks = both(blocks, groups)
    return out


def main():
    sizes = [1, 2, 15, 16, 17, 31, 33, 511, 512, 513, 1023, 1024, 1025, 1537, 2048, 3000, 5121]
    for d in ('f64', 'f32'):
        add = lambda a, b: rounded(a + b, d)
        mul = lambda a, b: rounded(a * b, d)
        fma = lambda s, e: rounded(e[0] * e[1] + (0 if s is None else s), d)
        plus = lambda s, e: e if s is None else add(s, e)
        times = lambda s, e: e if s is None else mul(s, e)
        for n in sizes:
            a = [rounded(x(k) / 2**20, d) for k in range(n)]
            b = [rounded(x(k + 77) / 2**30, d) for k in range(n)]
            c = [rounded(rounded(1 + x(k) / 2**38, 'f64'), d) for k in range(n)]
            for order in ('lanes', 'chain', 'tree'):
                print('sum', order, d, n, '%#x' % bits(reduce(order, a, plus, add), d))
                print('prod', order, d, n, '%#x' % bits(reduce(order, c, times, mul), d))
                if order != 'tree':
                    print('dot', order, d, n, '%#x' % bits(reduce(order, list(zip(a, b)), fma, add), d))
            total = 0
            for k, e in enumerate(scan(a, add)):
                v, r = bits(e, d), k % 64
                total ^= (v << r | v >> (64 - r)) % 2**64
            print('cumsum', 'scan', d, n, '%#x' % total)


main()
