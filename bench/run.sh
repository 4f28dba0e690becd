#!/usr/bin/env bash
# Runs the benchmarks of the repository, or those that the arguments choose (-bench Checkout), and
# writes bench/results/COMMIT.json: what was measured, on which machine.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t packages < <(git grep -l --untracked '^func Benchmark' -- '*_test.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|')
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
mkdir -p bench/results
result=bench/results/$commit.json
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# One package at a time: two would measure each other.
go test -p 1 -run '^$' -bench . -benchmem -timeout 30m "$@" "${packages[@]}" | tee "$output"

# A line is: BenchmarkName-CPUS  times  value unit  value unit …
awk -v commit="$commit" -v at="$(date -u +%FT%TZ)" -v go="$(go env GOVERSION)" -v load="$(cut -d' ' -f1 /proc/loadavg)" '
    /^cpu: / { cpu = substr($0, 6) }
    /^pkg: / { package = $2 }
    /^Benchmark.*[0-9]/ && $2 ~ /^[0-9]+$/ {
        cpus = $1; sub(/.*-/, "", cpus)
        name = $1; sub(/-[0-9]+$/, "", name)
        line = sprintf("    {\"package\": \"%s\", \"benchmark\": \"%s\", \"times\": %s", package, name, $2)
        for (i = 3; i < NF; i += 2) line = line sprintf(", \"%s\": %s", $(i + 1), $i)
        lines[++n] = line "}"
    }
    END {
        printf "{\n  \"commit\": \"%s\",\n  \"at\": \"%s\",\n  \"go\": \"%s\",\n", commit, at, go
        printf "  \"cpu\": \"%s\",\n  \"cpus\": %d,\n  \"load_after\": %s,\n  \"results\": [\n", cpu, cpus, load
        for (i = 1; i <= n; i++) printf "%s%s\n", lines[i], (i < n ? "," : "")
        print "  ]\n}"
    }' "$output" >"$result"
echo "bench: written to $result" >&2
