# The servers that are built from source, pinned in this one place. Sourced by servers.sh.
# shellcheck shell=bash disable=SC2034

# Server and UI in one program. Newer tags of the command line cannot be installed with `go install`.
# Its SQLite (modernc.org/sqlite v1.34.1) may stay interrupted for ever when a client dies in the middle of a
# request (docs/runbooks/server-down.md). Up to v1.38.2 newer ones find their database locked instead; v1.40.1
# and v1.44.3 come over it, and take twice the processor time for a workflow.
temporal=github.com/temporalio/cli/cmd/temporal@v1.5.1

# The last release of upstream, which has been archived since. The S3 interface is the contract.
minio=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

# Only tests need it: it checks requests against Stripe's own document.
stripe_mock=github.com/stripe/stripe-mock@v0.203.0
