"""Writes promote.txt: the dtype in which NumPy adds two arrays, or an array and a number.

    python3 -m venv env && env/bin/pip install numpy==2.4.6
    env/bin/python promote.py > promote.txt

A line is: dtype, dtype or the kind of a Python number, dtype of the result.
"""
import numpy as np

names = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
for a in names:
    for b in names:
        print(a, b, np.result_type(np.dtype(a), np.dtype(b)).name)
    for kind, number in ("int", 1), ("float", 1.5):
        print(a, kind, np.result_type(np.zeros(1, a), number).name)
