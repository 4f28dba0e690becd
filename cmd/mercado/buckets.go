package main

import (
	"context"

	"mercado/internal/devstack"
	"mercado/internal/settings"
)

// BucketsCmd makes the lake's buckets where nothing else does: `mercado up` makes its own.
type BucketsCmd struct {
	settings.ObjectStore
}

// Run implements the command.
func (c *BucketsCmd) Run(ctx context.Context) error {
	return devstack.EnsureBuckets(ctx, c.ObjectStore)
}
