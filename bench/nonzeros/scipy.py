"""Runs kernels of sparse matrices with SciPy: see process.go for what it is asked."""

import sys
import time

import numpy as np
import scipy
import scipy.sparse


def csr(name, rows):
    values = np.fromfile(name + ".val")
    columns = np.fromfile(name + ".crd1", np.int32)
    starts = np.fromfile(name + ".pos1", np.int64).astype(np.int32)
    return scipy.sparse.csr_matrix((values, columns, starts), (rows, rows))


def dense(name, rows):
    return np.fromfile(name + ".val").reshape(rows, -1)


def spmv(rows):
    a, x = csr("A", rows), np.fromfile("B.val")
    return lambda: a @ x


def spmm(rows):
    a, x = csr("A", rows), dense("B", rows)
    return lambda: a @ x


def add(rows):
    a, b = csr("A", rows), csr("B", rows)
    return lambda: a + b


def multiply(rows):
    a, b = csr("A", rows), csr("B", rows)
    return lambda: a.multiply(b)


def spgemm(rows):
    a, b = csr("A", rows), csr("B", rows)
    return lambda: a @ b


KERNELS = {f.__name__: f for f in (spmv, spmm, add, multiply, spgemm)}


def write(result):
    if scipy.sparse.issparse(result):
        result = result.tocsr()
        result.sort_indices()  # those of a product are not
        result.indptr.astype(np.int64).tofile("out.pos1")
        result.indices.astype(np.int32).tofile("out.crd1")
        result = result.data
    result.tofile("out.val")


def main():
    program = result = None
    print("scipy", scipy.__version__, flush=True)
    for line in sys.stdin:
        what, *rest = line.split()
        if what == "write":
            write(result)
            print("ok", flush=True)
        elif what == "call":
            start = time.perf_counter_ns()
            for _ in range(int(rest[0])):
                result = program()
            print(time.perf_counter_ns() - start, flush=True)
        else:
            result = None
            kernel = KERNELS.get(what)
            program = kernel and kernel(int(rest[0]))
            print("ok" if kernel else "skip", flush=True)


main()
