#!/usr/bin/env bash
# Runs the notebooks of docs/notebooks from their first cell to the last, against a demo shop of its own
# whose two years have been loaded. With --keep, the outputs go into the files; otherwise nothing does.
set -euo pipefail
cd "$(dirname "$0")/.."

./deploy/bootstrap/notebooks.sh
home=$(mktemp -d)
chmod 755 "$home" # the database runs as another user
export MERCADO_HOME=$home MERCADO_POSTGRES_PORT=35432 MERCADO_TEMPORAL_PORT=37233 MERCADO_TEMPORAL_UI_PORT=38233 \
    MERCADO_S3_PORT=39000 MERCADO_S3_CONSOLE_PORT=39001 MERCADO_SANDBOX_PORT=38090 \
    MERCADO_API_ADDR=127.0.0.1:38080 MERCADO_WORKER_ADDR=127.0.0.1:38081
bin/mercado up >"$home/up.log" 2>&1 &
stack=$!
stop() {
    kill -TERM "$stack" 2>/dev/null || true
    wait "$stack" 2>/dev/null || true
    rm -rf "$home"
}
trap stop EXIT
for ((waited = 0; ; waited++)); do
    if grep -q 'Mercado is ready' "$home/up.log"; then break; fi
    if ((waited == 240)) || ! kill -0 "$stack" 2>/dev/null; then
        cat "$home/up.log" >&2
        exit 1
    fi
    sleep 0.5
done
# shellcheck source=/dev/null
source "$home/env"
export MERCADO=$PWD/bin/mercado
"$MERCADO" etl run --from "$(date -u -d '25 months ago' +%F)" --to "$(date -u -d tomorrow +%F)" --output json >/dev/null

for notebook in docs/notebooks/*.ipynb; do
    echo "running $notebook" >&2
    PYDEVD_DISABLE_FILE_VALIDATION=1 /usr/bin/python3 tools/notebook.py "$notebook" "$@"
done
