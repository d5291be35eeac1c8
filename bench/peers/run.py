"""Runs array programs with Python packages for the benchmark harness.

The harness writes one request a line to standard input, JSON, and reads one answer a
line from standard output. What the packages print goes to standard error.

    {"do": "hello", "peers": [...], "threads": n}
        imports the packages: {"versions": {peer: ...}, "missing": {peer: why}}
    {"do": "inputs", "inputs": [{"name", "dtype", "shape", "lo", "hi", "stream"} or {"name", "file"}]}
        makes the arrays that programs work on
    {"do": "start", "peer", "python", "numexpr", "numba", "result": [dtype, shape], "reuse", "resized"}
        readies a program and makes the first call: {"id", "ns"}, or {"skip": why}
    {"do": "call", "id", "n"}    calls it n times: {"ns"}
    {"do": "at", "id", "i"}      elements of the last result: {"values", "size"}
    {"do": "drop", "id"}         holds on to its results no longer
    {"do": "close", "id"}        forgets it

Any of them may be answered {"error": what}.
"""

import importlib
import json
import math
import os
import sys
import textwrap
import time
import traceback

try:
    import numpy as np
except ImportError:  # no peer works without
    np = None

replies = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # a package that prints must not break the protocol


class Skip(Exception):
    """A package has no form of a program."""


def uniform(stream, n):
    """Elements 0 to n-1 of a stream: SplitMix64's finaliser on a counter, as array.go has it."""
    out = np.empty(n)
    step = 1 << 20  # temporaries stay in the cache
    with np.errstate(over="ignore"):
        for lo in range(0, n, step):
            hi = min(lo + step, n)
            z = np.arange(lo + 1, hi + 1, dtype=np.uint64) + np.uint64((stream << 40) & (2**64 - 1))
            z *= np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            out[lo:hi] = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
    return out


def make(spec):
    if "file" in spec:
        return np.load(spec["file"])
    u = uniform(spec["stream"], math.prod(spec["shape"]))
    u *= spec["hi"] - spec["lo"]
    u += spec["lo"]
    return u.astype(spec["dtype"]).reshape(spec["shape"])


def function(source, names, scope, out=None):
    """Makes a function of the inputs. The last line of source is what it returns, or what
    it stores in out."""
    *body, last = source.strip().splitlines()
    last = last.strip()
    lines = [f"def program({', '.join(names + ([out] if out else []))}):"]
    lines += ["    " + line.strip() for line in body]
    lines.append(f"    {out}[:] = {last}" if out else f"    return {last}")
    exec("\n".join(lines), scope)
    return scope["program"]


# A package is a class: prepare returns a function of the inputs, arrays of NumPy or what
# load makes of them, that runs the program once and returns its result when that is there.


class NumPy:
    module = "numpy"

    def __init__(self, threads):
        self.scope = {"np": np}
        try:
            self.scope["erf"] = importlib.import_module("scipy.special").erf
        except ImportError:
            pass

    def load(self, arrays):
        return arrays

    def prepare(self, request, names):
        if request["reuse"]:
            raise Skip("an expression makes new arrays")
        return function(request["python"], names, self.scope)


class NumExpr:
    module = "numexpr"

    def __init__(self, threads):
        self.ne = importlib.import_module("numexpr")
        self.ne.set_num_threads(threads)

    def load(self, arrays):
        return arrays

    def prepare(self, request, names):
        source = request["numexpr"]
        if not source:
            raise Skip("cannot express this")
        out = None
        if request["reuse"]:
            dtype, shape = request["result"]
            out = np.empty(shape, dtype)
        evaluate = self.ne.evaluate

        def program(*arrays):
            return evaluate(source, dict(zip(names, arrays)), {}, out=out, casting="same_kind")

        return program


class Numba:
    module = "numba"

    def __init__(self, threads):
        self.nb = importlib.import_module("numba")
        self.nb.set_num_threads(min(threads, self.nb.config.NUMBA_NUM_THREADS))

        @self.nb.vectorize(nopython=True)
        def erf(x):
            return math.erf(x)

        self.scope = {"np": np, "erf": erf, "prange": self.nb.prange, "math": math}

    def load(self, arrays):
        return arrays

    def prepare(self, request, names):
        scope = dict(self.scope)
        jit = self.nb.njit(parallel=True, error_model="numpy")
        dtype, shape = request["result"]
        if request["numba"]:  # loops, which write out
            lines = ["def program(" + ", ".join(names + ["out"]) + "):"]
            lines.append(textwrap.indent(textwrap.dedent(request["numba"]).strip(), "    "))
            exec("\n".join(lines), scope)
            compiled = jit(scope["program"])
        elif request["reuse"] and shape:
            compiled = jit(function(request["python"], names, scope, "out"))
        else:  # a number takes no memory to reuse
            return jit(function(request["python"], names, scope))
        kept = np.empty(shape, dtype)

        def program(*arrays):
            out = kept if request["reuse"] else np.empty(shape, dtype)
            compiled(*arrays, out)
            return out

        return program


class Jax:
    module = "jax"

    def __init__(self, threads):
        self.jax = importlib.import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.scope = {"np": importlib.import_module("jax.numpy"), "erf": importlib.import_module("jax.scipy.special").erf}

    def load(self, arrays):
        return [self.jax.block_until_ready(self.scope["np"].asarray(a)) for a in arrays]

    def prepare(self, request, names):
        if request["reuse"]:
            raise Skip("results are new arrays")
        compiled = self.jax.jit(function(request["python"], names, dict(self.scope)))
        return lambda *arrays: compiled(*arrays).block_until_ready()


class Torch:
    module = "torch"

    def __init__(self, threads):
        self.torch = importlib.import_module("torch")
        self.torch.set_num_threads(threads)
        self.scope = {"np": self.torch, "erf": self.torch.erf}

    def load(self, arrays):
        return [self.torch.from_numpy(a) for a in arrays]

    def prepare(self, request, names):
        if request["reuse"]:
            raise Skip("results are new tensors")
        self.torch._dynamo.reset()
        compiled = self.torch.compile(function(request["python"], names, dict(self.scope)))

        def program(*arrays):
            with self.torch.inference_mode():
                return compiled(*arrays)

        return program


KINDS = {"numpy": NumPy, "numexpr": NumExpr, "numba": Numba, "jax": Jax, "torch": Torch}


class Program:
    """A program that a package is ready to run."""

    def __init__(self, peer, request, names, arrays):
        self.run = peer.prepare(request, names)
        self.peer = peer
        self.resized = request["resized"]
        self.next = 0
        self.arrays = arrays if self.resized else peer.load(arrays)
        self.result = None
        self.dropped = False

    def call(self, n):
        start = time.perf_counter_ns()
        for _ in range(n):
            arrays = self.arrays
            if self.resized:  # the sizes of measure.go's cycle
                whole = len(arrays[0])
                size = whole // 2 + self.next % (whole // 2)
                self.next += 1
                arrays = self.peer.load([a[:size] for a in arrays])
            self.result = self.run(*arrays)
        took = time.perf_counter_ns() - start
        if self.dropped:
            self.result = None
        return took

    def drop(self):
        self.result, self.dropped = None, True

    def at(self, indices):
        flat = np.asarray(self.result).reshape(-1)
        if indices and indices[-1] >= flat.size:
            raise IndexError(f"the result has {flat.size} elements")
        return [float(v) for v in flat[indices]]


class Runner:
    def __init__(self):
        self.peers, self.programs, self.names, self.arrays = {}, {}, [], []

    def hello(self, r):
        if hasattr(os, "sched_setaffinity"):  # the only bound that JAX keeps
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: r["threads"]])
        versions, missing = {}, {}
        for name in r["peers"]:
            kind = KINDS.get(name)
            if kind is None or np is None:
                missing[name] = "this harness does not know it" if kind is None else "needs numpy, which is not installed"
                continue
            try:
                versions[name] = importlib.import_module(kind.module).__version__
                self.peers[name] = kind(r["threads"])
            except Exception as e:  # whatever a broken installation raises
                versions.pop(name, None)
                missing[name] = f"{type(e).__name__}: {e}".splitlines()[0]
        return {"versions": versions, "missing": missing, "python": sys.version.split()[0]}

    def inputs(self, r):
        self.arrays = []  # those of before are not needed any more
        self.arrays = [make(spec) for spec in r["inputs"]]
        self.names = [spec["name"] for spec in r["inputs"]]
        return {}

    def start(self, r):
        try:
            program = Program(self.peers[r["peer"]], r, self.names, self.arrays)
        except Skip as e:
            return {"skip": str(e)}
        ns = program.call(1)
        key = len(self.programs)
        self.programs[key] = program
        return {"id": key, "ns": ns}

    def call(self, r):
        return {"ns": self.programs[r["id"]].call(r["n"])}

    def at(self, r):
        return {"values": self.programs[r["id"]].at(r["i"])}

    def drop(self, r):
        self.programs[r["id"]].drop()
        return {}

    def close(self, r):
        self.programs[r["id"]] = None
        return {}


def finite(x):
    """JSON has no infinities: they travel as strings."""
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    if isinstance(x, list):
        return [finite(v) for v in x]
    if isinstance(x, dict):
        return {k: finite(v) for k, v in x.items()}
    return x


def main():
    runner = Runner()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(runner, request["do"])(request)
        except Exception as e:
            traceback.print_exc()
            answer = {"error": f"{type(e).__name__}: {e}"[:300].splitlines()[0]}
        replies.write(json.dumps(finite(answer)) + "\n")


main()
