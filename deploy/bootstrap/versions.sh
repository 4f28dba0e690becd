# The servers that are built from source, pinned in this one place. Sourced by servers.sh.
# shellcheck shell=bash disable=SC2034

# Temporal, server and UI in one program, is pinned by temporal/go.mod: see there.

# The last release of upstream, which has been archived since. The S3 interface is the contract.
minio=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

# Only tests need it: it checks requests against Stripe's own document.
stripe_mock=github.com/stripe/stripe-mock@v0.203.0
