#!/usr/bin/env bash
# Puts the servers that Mercado runs on into .bin, built from source at the pinned versions. What is
# there at the right version is left alone. A server takes two to three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."

./deploy/bootstrap/packages.sh
# shellcheck source=deploy/bootstrap/versions.sh
source deploy/bootstrap/versions.sh

mkdir -p .bin
exec 9>.bin/.lock
if ! flock -n 9; then
    echo "servers: waiting for another build" >&2
    flock 9
fi

# build NAME PACKAGE@VERSION
build() {
    local name=$1 package=$2
    local stamp=.bin/.$name.version
    if [[ -x .bin/$name && -e $stamp && $(<"$stamp") == "$package" ]]; then
        return
    fi
    echo "servers: building $name from $package (two to three minutes on two cores)" >&2
    local log started=$SECONDS
    log=$(mktemp)
    # -v names each Go package as it is compiled, which is what the progress counts.
    CGO_ENABLED=0 GOFLAGS='' GOBIN=$PWD/.bin go install -v -trimpath -ldflags '-s -w' "$package" 2>"$log" 9>&- &
    local pid=$!
    trap 'kill "$pid" 2>/dev/null || true' EXIT
    while kill -0 "$pid" 2>/dev/null; do
        for _ in {1..50}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.2
        done
        echo "servers: building $name: $((SECONDS - started)) s, $(wc -l <"$log") packages compiled" >&2
    done
    if ! wait "$pid"; then
        tail -n 20 "$log" >&2
        echo "servers: $name could not be built, see $log" >&2
        exit 1
    fi
    trap - EXIT
    rm -f "$log"
    echo "$package" >"$stamp"
    echo "servers: $name is built" >&2
}

build temporal "$temporal"
build minio "$minio"
