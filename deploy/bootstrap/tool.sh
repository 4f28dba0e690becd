#!/usr/bin/env bash
# tool.sh NAME builds one of the tools that tools/go.mod pins into .bin: one to two minutes each.
set -euo pipefail
cd "$(dirname "$0")/../.."

./deploy/bootstrap/packages.sh
# shellcheck source=deploy/bootstrap/progress.sh
source deploy/bootstrap/progress.sh

package=$(go -C tools list -f '{{.ImportPath}}' tool | grep "/$1\$")
mkdir -p .bin
follow ".bin/$1" go build -C tools -v -o ../.bin/ "$package"
touch ".bin/$1" # newer than tools/go.mod, whether or not anything was to be done
