#!/usr/bin/env bash
# Installs what Mercado needs from the system's packages and this machine lacks: Postgres, a C++
# compiler for DuckDB, and the curl of the documents, which the tests run. Needs root or sudo without
# a password; otherwise says what to do.
set -euo pipefail

missing=()
command -v g++ >/dev/null || missing+=(g++)
command -v curl >/dev/null || missing+=(curl)
command -v psql >/dev/null || missing+=(postgresql-client)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || missing+=(postgresql)
((${#missing[@]})) || exit 0

say() { echo "packages: $*" >&2; }

as_root=()
if ((EUID != 0)); then
    as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null; then
    say "install these with this system's package manager, then try again: ${missing[*]}"
    exit 1
fi
if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
    say "run this once, then try again: sudo apt-get install -y ${missing[*]}"
    exit 1
fi

say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
    # Without this, the package makes a database of its own and starts a server at every boot.
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    [[ -e /etc/postgresql-common/createcluster.conf ]] ||
        echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}" >&2
