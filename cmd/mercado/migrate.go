package main

import (
	"context"
	"fmt"
	"io"

	"mercado/internal/settings"
	"mercado/internal/store"
)

// MigrateCmd brings the schemas of shop and warehouse up to date.
type MigrateCmd struct {
	settings.Database
	Analytics settings.Warehouse `embed:""`
}

// Run implements the command.
func (c *MigrateCmd) Run(ctx context.Context, g *Globals) error {
	applied, err := store.MigrateShop(ctx, c.Database.URL)
	if err != nil {
		return err
	}
	warehouse, err := store.MigrateWarehouse(ctx, c.Analytics.URL)
	if err != nil {
		return err
	}
	applied = append(applied, warehouse...)
	return g.print(applied, func(w io.Writer) error {
		for _, migration := range applied {
			if _, err := fmt.Fprintf(w, "%-9s  %s  (%d ms)\n", migration.Database, migration.File, migration.Millis); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "up to date, %d applied\n", len(applied))
		return err
	})
}
