#!/usr/bin/env bash
# Runs the benchmarks of the repository and writes bench/results/<commit>.json: one JSON object a
# line, as `go test -json` prints them, with the machine on the first.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p bench/results
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
result=bench/results/$commit.json

packages=()
mapfile -t packages < <(git grep -l --untracked '^func Benchmark' -- '*_test.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|')
if ((${#packages[@]} == 0)); then
    echo "bench: there is no benchmark yet" >&2
    exit 1
fi

printf '{"commit":"%s","at":"%s","cpus":%d,"go":"%s"}\n' \
    "$commit" "$(date -u +%FT%TZ)" "$(nproc)" "$(go env GOVERSION)" >"$result"
# One package at a time: two would measure each other.
go test -p 1 -run '^$' -bench . -benchmem -timeout 30m -json "$@" "${packages[@]}" |
    tee -a "$result" |
    sed -n 's/.*"Action":"output".*"Output":"\(.*\)\\n"}$/\1/p' | sed 's/\\t/\t/g'
echo "bench: written to $result" >&2
