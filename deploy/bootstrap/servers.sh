#!/usr/bin/env bash
# Puts the servers that Mercado runs on into .bin, built from source at the pinned versions. What is
# there at the right version is left alone. A server takes two to three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."

./deploy/bootstrap/packages.sh
# shellcheck source=deploy/bootstrap/versions.sh
source deploy/bootstrap/versions.sh
# shellcheck source=deploy/bootstrap/progress.sh
source deploy/bootstrap/progress.sh

mkdir -p .bin
exec 9>.bin/.lock
if ! flock -n 9; then
    echo "waiting for another build of the servers" >&2
    flock 9
fi

# server NAME PACKAGE@VERSION
server() {
    local name=$1 package=$2 stamp=.bin/.$1.version
    if [[ -x .bin/$name && -e $stamp && $(<"$stamp") == "$package" ]]; then
        return
    fi
    echo "building .bin/$name from $package: two to three minutes on two cores" >&2
    follow ".bin/$name" install "$package"
    echo "$package" >"$stamp"
}

install() { CGO_ENABLED=0 GOFLAGS='' GOBIN=$PWD/.bin go install -v -trimpath -ldflags '-s -w' "$1" 9>&-; }

server temporal "$temporal"
server minio "$minio"
if [[ ${1:-} == stripe-mock ]]; then # only tests need it
    server stripe-mock "$stripe_mock"
fi
