#!/bin/sh
# Makes the namespace, and keeps its histories for 30 days: links to them die with the histories. Then
# the search attributes that loads are found by, which are those of internal/temporal/search. Safe to run again.
set -eu

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention 30d
else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
fi
# A namespace that was just made takes the server some seconds to see.
tries=60
until temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name EtlRunId --type Keyword \
    --name EtlIntervalFrom --type Datetime \
    --name EtlIntervalTo --type Datetime \
    --name EtlTrigger --type Keyword \
    --name EtlStep --type Keyword \
    --name EtlFailedTables --type KeywordList; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 1
done
