"""Writes print.txt: arrays and how NumPy prints them.

    python3 -m venv env && env/bin/pip install numpy==2.4.6
    env/bin/python print.py > print.txt

A case is a line "dtype shape bytes", the bytes being the elements in hexadecimal,
little endian, then the text, then a
line with a dot.
"""
import numpy as np


def case(x):
    x = np.ascontiguousarray(x) if np.ndim(x) else np.asarray(x)
    shape = ",".join(map(str, x.shape)) or "-"
    print(x.dtype.name, shape, x.astype(x.dtype.newbyteorder("<")).tobytes().hex() or "-")
    print(str(x))
    print(".")


inf, nan = np.inf, np.nan
rng = np.random.default_rng(5)

for d in ("float64", "float32"):
    case(np.array([1, 2.5, -3], d))
    case(np.array([[1, 2], [3, 4]], d))
    case(np.array([0.1, 0.25, 1 / 3], d))
    case(np.array([1e-5, 1], d))
    case(np.array([1e8, 1], d))
    case(np.array([99999999, 100], d))
    case(np.array([1000.5, 1], d))
    case(np.array([1001, 1], d))
    case(np.array([0, -0.0, 0], d))
    case(np.array([nan, 1, inf], d))
    case(np.array([nan, -inf, inf], d))
    case(np.array([nan, 1e10, -inf], d))
    case(np.array([nan], d))
    case(np.array([1e-300 if d == "float64" else 1e-30, 1], d))
    case(np.array([1e300 if d == "float64" else 1e30, -1e-10], d))
    case(np.array([1e100 if d == "float64" else 1e20, 1e10], d))
    case(np.array([123456.789, 0.001], d))
    case(np.array([0.123456789, 0.12345678, 0.5], d))
    case(np.array([0.99999999999, 2], d))
    case(np.array([1.5e-4, 2e-4], d))
    case(np.array([0.0001, 0.00011], d))
    case(np.array([16777216, 16777217], d))
    case(rng.standard_normal(7).astype(d))
    case(rng.standard_normal((3, 4)).astype(d))
    case((rng.standard_normal((3, 40)) * 100).astype(d))
    case((10.0 ** rng.uniform(-20, 20, (4, 5))).astype(d))
    case((10.0 ** rng.uniform(-2, 1, (11,))).astype(d))
    case(rng.standard_normal((2, 3, 2)).astype(d))
    case(rng.standard_normal((2, 1, 2, 2)).astype(d))
    case(np.arange(1001).astype(d))
    case(np.arange(1000).astype(d))
    case((np.arange(1200) / 7).astype(d).reshape(30, 40))
    case((np.arange(1200) - 600).astype(d).reshape(10, 12, 10))
    case((np.arange(1100) * 1e5).astype(d).reshape(2, 550))
    case((np.arange(1100) * 1e5).astype(d).reshape(550, 2))
    case(np.zeros((0,), d))
    case(np.zeros((3, 0), d))
    case(np.zeros((0, 3), d))
    for v in (1.5, 0.1, 1 / 3, 1e16, 1e15, 1e-4, 1e-5, 123456789.123, 0.0, -0.0, nan, inf, -inf, 1e22, 5e-324, 100):
        with np.errstate(over="ignore", under="ignore"):
            case(np.array(v, d))

case(np.array([True, False]))
case(np.array([[True], [True]]))
case(np.array(True))
case(np.array(False))
case(np.ones(1200, bool))
for d in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
    info = np.iinfo(d)
    case(np.array([info.min, 0, info.max], d))
    case(np.array(info.max, d))
    case(np.arange(24).astype(d).reshape(2, 3, 4))
case(np.arange(60))
case(np.arange(1500).reshape(3, 500) - 700)
case(np.arange(10**4, 10**4 + 40).reshape(2, 20))
for d in ("complex64", "complex128"):
    case(np.array([1 + 2j, -0.5 - 1j, 0], d))
    case(np.array([1 + 2.25j, nan, complex(inf, -inf)], d))
    case(np.array([1e10 + 2j, 1e-10j], d))
    case(np.array(1.5 - 2j, d))
    case(np.array(complex(3, inf), d))
