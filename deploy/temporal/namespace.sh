#!/bin/sh
# Makes the namespace, and keeps its histories for 30 days: links to them die with the histories.
set -eu

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    exec temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention 30d
fi
exec temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
