#!/usr/bin/env bash
# Makes the virtual environment of the benchmark's Python peers, in .venv beside this
# script, or adds to it:
#
#	bench/peers/make-env.sh                  numpy, scipy, numexpr, numba and jax
#	bench/peers/make-env.sh numexpr torch    those peers, and numpy
#
# It needs python3 with venv, and pip's package index. torch is large (on Linux it comes
# with CUDA unless PIP_INDEX_URL names an index of CPU builds) and compiles with the
# machine's C++ compiler.
set -euo pipefail
cd "$(dirname "$0")"

peers=("$@")
if [[ $# -eq 0 ]]; then peers=(scipy numexpr numba jax); fi

pins=()
for peer in numpy "${peers[@]}"; do
	pin=$(grep "^$peer==" requirements.txt) || { echo "there is no peer $peer in requirements.txt" >&2; exit 2; }
	pins+=("$pin")
done

"${PYTHON:-python3}" -m venv .venv
if [[ -d .venv/Scripts ]]; then bin=.venv/Scripts; else bin=.venv/bin; fi
"$bin/python" -m pip install --quiet "${pins[@]}"
"$bin/python" -m pip list
