#!/usr/bin/env bash
# Builds bin/mercado with its version. Go itself knows what is out of date; the first time, with
# DuckDB, takes one to three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."

./deploy/bootstrap/packages.sh
# shellcheck source=deploy/bootstrap/progress.sh
source deploy/bootstrap/progress.sh

# Without a usable git folder (an archive, another owner's clone) Go must not look for one.
version=$(git describe --tags --always --dirty 2>/dev/null) && vcs=auto || { version=development && vcs=false; }
mkdir -p bin
follow bin/mercado go build -v -buildvcs="$vcs" -ldflags "-X main.version=$version" -o bin/mercado ./cmd/mercado
