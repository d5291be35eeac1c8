#!/usr/bin/env bash
# Has NVIDIA's assembler read the PTX of all sample calls, for several devices:
#
#	bash lower/cuda/ptx/assemble.sh [FOLDER]
#
# The assembler comes from PyPI into a virtual environment in FOLDER (a temporary one
# otherwise). EVERY=n takes one kernel of n.
set -euo pipefail
cd "$(dirname "$0")"
dir=${1:-$(mktemp -d)}
mkdir -p "$dir/kernels"
[[ -d $dir/env ]] || python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -q nvidia-cuda-nvcc
ptxas=$(find -L "$dir/env" -name ptxas -type f | head -1)
go test -count=1 -run '^TestSamples$' . -args -dump "$(realpath "$dir/kernels")"
failed=0
for arch in sm_75 sm_80 sm_90 sm_120; do
	n=0
	while read -r kernel; do
		"$ptxas" -arch=$arch -O1 -o /dev/null "$kernel" || { echo "$kernel for $arch"; failed=1; }
		n=$((n + 1))
	done < <(find "$dir/kernels" -name '*.ptx' | sort | awk -v every="${EVERY:-1}" 'NR % every == 0')
	echo "$arch: $n kernels"
done
exit $failed
