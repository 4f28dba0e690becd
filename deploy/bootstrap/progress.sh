# Shows how a long build goes. Sourced by servers.sh and build.sh.
# shellcheck shell=bash

# follow WHAT COMMAND... runs a Go build with -v, which names each package as it is compiled, and
# counts these every ten seconds. What the build says is shown when it fails.
follow() {
    local what=$1 log started=$SECONDS reported=$SECONDS
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 &
    local pid=$!
    # shellcheck disable=SC2064 # the process that runs now
    trap "kill $pid 2>/dev/null || true; rm -f '$log'" EXIT
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if ((SECONDS - reported >= 10)); then
            reported=$SECONDS
            echo "building $what: $((SECONDS - started)) s, $(grep -vc '^go: ' "$log") packages compiled, $(grep -c '^go: downloading' "$log") modules downloaded" >&2
        fi
    done
    if ! wait "$pid"; then
        tail -n 40 "$log" >&2
        echo "building $what failed after $((SECONDS - started)) s" >&2
        return 1
    fi
    rm -f "$log"
    trap - EXIT
    if ((SECONDS - started >= 10)); then
        echo "building $what: done after $((SECONDS - started)) s" >&2
    fi
}
