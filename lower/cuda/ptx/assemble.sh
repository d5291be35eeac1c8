#!/usr/bin/env bash
# Has NVIDIA's assembler read the PTX of every op's sample calls, of the kernels that every
# target is held to, and of all programs, for several devices; prints what registers they
# take and how many spill:
#
#	bash lower/cuda/ptx/assemble.sh [FOLDER]
#
# The assembler comes from PyPI into a virtual environment in FOLDER (a temporary one
# otherwise). EVERY=n takes one kernel of n.
set -euo pipefail
cd "$(dirname "$0")/../../.."
dir=$(realpath -m "${1:-$(mktemp -d)}")
rm -rf "$dir/kernels"
mkdir -p "$dir/kernels"
[[ -d $dir/env ]] || python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -q nvidia-cuda-nvcc
ptxas=$(find -L "$dir/env" -name ptxas -type f | head -1)
"$ptxas" --version | tail -1
go test -count=1 -run '^(TestSamples|TestExamples)$' ./lower/cuda/ptx -args -dump "$dir/kernels"
go test -count=1 -run '^TestPTX$' ./bench/matrix -args -dump "$dir/kernels"
find "$dir/kernels" -name '*.ptx' | sort | awk -v every="${EVERY:-1}" 'NR % every == 0' >"$dir/list"
failed=0
for arch in sm_75 sm_80 sm_90 sm_120; do
	xargs -P "$(nproc)" -I{} sh -c '"$1" -v -arch="$2" -o /dev/null "$3" >"$3.$2" 2>&1 || echo "FAILED $3 for $2"' - "$ptxas" $arch {} <"$dir/list" >"$dir/failed.$arch"
	cat "$dir/failed.$arch"
	[[ -s $dir/failed.$arch ]] && failed=1
	sed "s/$/.$arch/" "$dir/list" | xargs cat | awk -v arch=$arch -v files="$(wc -l <"$dir/list")" '
		/Used [0-9]+ registers/ { n++; for (i = 1; i < NF; i++) if ($i == "Used") r = $(i+1); sum += r; if (r > most) most = r }
		/bytes spill stores/ { for (i = 1; i < NF; i++) if ($(i+2) == "spill" && $(i+3) ~ /^stores/ && $i > 0) { spills++; if ($i > worst) worst = $i } }
		END { printf "%s: %d modules, %d entries; registers: mean %.1f, most %d; %d entries spill, at most %d bytes\n", arch, files, n, sum/n, most, spills, worst }'
done
exit $failed
