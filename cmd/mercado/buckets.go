package main

import (
	"context"

	"mercado/internal/devstack"
	"mercado/internal/settings"
)

// BucketsCmd makes the lake's buckets and the accounts of its roles where nothing else does: `mercado up`
// makes its own.
type BucketsCmd struct {
	settings.ObjectStore
}

// Run implements the command.
func (c *BucketsCmd) Run(ctx context.Context) error {
	if err := devstack.EnsureBuckets(ctx, c.ObjectStore); err != nil {
		return err
	}
	return devstack.EnsureRoles(ctx, c.ObjectStore)
}
