#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date. Safe to run again.
# The password comes in SQL_PASSWORD.
set -eu

for database in temporal temporal_visibility; do
    case $database in
    temporal) schema=temporal ;;
    temporal_visibility) schema=visibility ;;
    esac
    tool() {
        temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port 5432 \
            --user "$POSTGRES_USER" --database "$database" "$@"
    }
    tool create-database
    tool setup-schema --version 0.0
    tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
