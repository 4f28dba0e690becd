#!/usr/bin/env bash
# Installs the Python packages that the notebooks use, from the system's packages.
set -euo pipefail

packages=(python3-boto3 python3-ipykernel python3-matplotlib python3-nbclient python3-pandas python3-psycopg2 python3-sklearn)
missing=()
for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
((EUID == 0)) || as_root=(sudo -n)
echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
