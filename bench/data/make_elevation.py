"""Makes elevation.npy from the sample data in a wheel of matplotlib.

    pip download --no-deps --dest DIR matplotlib==3.11.2
    pip install numpy
    python make_elevation.py DIR/matplotlib-*.whl elevation.npy

Any wheel that ships the same grid does; the grid is checked by its SHA-256.
"""

import hashlib
import io
import sys
import zipfile

import numpy as np

MEMBER = "matplotlib/mpl-data/sample_data/jacksboro_fault_dem.npz"
SHA256 = "d493f50a33e82a4420494c54d1fca1539d177bdc27ab190bc5fe6e92f62fb637"


def main(wheel, output):
    with zipfile.ZipFile(wheel) as archive:
        npz = archive.read(MEMBER)
    if hashlib.sha256(npz).hexdigest() != SHA256:
        sys.exit(f"{wheel}: {MEMBER} is not the expected file")
    elevation = np.load(io.BytesIO(npz))["elevation"]
    if elevation.dtype != np.int16 or elevation.min() <= 0:
        sys.exit(f"{wheel}: want positive int16 values, got {elevation.dtype} from {elevation.min()}")
    with open(output, "wb") as file:
        np.lib.format.write_array(
            file, np.ascontiguousarray(elevation, dtype="<i2"), version=(1, 0), allow_pickle=False
        )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
