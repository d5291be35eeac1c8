"""Runs one case of the suite with Dask: dask.py CASE DATA OUT THREADS, or --version."""

import json
import os
import resource
import sys
import time

import dask
import dask.array as da
import zarr


def means(data, out):
    u, v = (da.from_zarr(os.path.join(data, name)) for name in ("u", "v"))
    results = [(u * u).mean(axis=0), (v * v).mean(axis=0), (u * v).mean(axis=0)]
    write(results, [os.path.join(out, name) for name in ("uu", "vv", "uv")], [r.shape for r in results])


def vorticity(data, out):
    u, v = (da.from_zarr(os.path.join(data, name)) for name in ("u", "v"))
    z = (v[..., 1:-1, 2:] - v[..., 1:-1, :-2]) - (u[..., 2:, 1:-1] - u[..., :-2, 1:-1])
    z = (z * 0.5).rechunk((10, 1, 985, 1918))
    write([z], [os.path.join(out, "z")], [(10, 1, 985, 1918)])


def rechunk(data, out):
    x = da.from_zarr(os.path.join(data, "tiles"))
    rows = (256, x.shape[1])
    write([x.rechunk(rows)], [os.path.join(out, "rows")], [rows])


def spill(data, out):
    x = da.from_zarr(os.path.join(data, "band"))
    rows = (256, x.shape[1])
    write([da.exp(x).rechunk(rows)], [os.path.join(out, "rows")], [rows])


def write(arrays, paths, chunks):
    to = [
        zarr.create_array(p, shape=a.shape, chunks=c, dtype=a.dtype, compressors=None)
        for a, p, c in zip(arrays, paths, chunks)
    ]
    da.store([a.rechunk(c) for a, c in zip(arrays, chunks)], to, lock=False)


def tasks(data, out):
    n = 10000
    (da.zeros(n, chunks=1) + 1).persist()
    return n


if sys.argv[1] == "--version":
    print("dask", dask.__version__, "zarr-python", zarr.__version__)
    sys.exit()
case, data, out, threads = sys.argv[1:]
with dask.config.set(scheduler="threads", num_workers=int(threads)):
    start = time.perf_counter()
    count = globals()[case](data, out)
    took = time.perf_counter() - start
print(json.dumps({"seconds": took, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10, "tasks": count or 0}))
