"""Writes the .npy files that the tests read, with NumPy: python make.py (NumPy 2)."""
import os
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def save(name, a, version=None):
    with open(os.path.join(here, name + ".npy"), "wb") as f:
        np.lib.format.write_array(f, a, version=version, allow_pickle=False)


save("f8", np.arange(12.0).reshape(3, 4) / 8 - 0.5)
save("f4_fortran", np.asfortranarray(np.arange(24, dtype="f4").reshape(2, 3, 4) / 4))
save("i4_big", np.array([1, -2, 2**31 - 1, -(2**31)], dtype=">i4"))
save("c16_big", np.array([1 + 2j, -0.5j], dtype=">c16"))
save("bool", np.array([[True, False, True]]))
save("scalar", np.array(2.5))
save("empty", np.zeros((3, 0, 2), dtype="u2"))
save("u1_v2", np.arange(5, dtype="u1"), version=(2, 0))
save("i8_v3", np.array([2**63 - 1, -(2**63)]), version=(3, 0))
np.save(os.path.join(here, "object.npy"), np.array([{}, 1], dtype=object), allow_pickle=True)
save("record", np.zeros(2, dtype=[("a", "f4"), ("b", "i2")]))
