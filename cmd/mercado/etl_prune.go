package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"mercado/activities/etl"
	"mercado/internal/settings"
	"mercado/runs"
)

// ETLPruneCmd removes old runs from the lake.
type ETLPruneCmd struct {
	settings.Database
	settings.Temporal
	settings.ETL
	settings.Retention
	DryRun bool `name:"dry-run" help:"Only tell what would go."`
}

// Validate implements kong's validation hook.
func (c *ETLPruneCmd) Validate() error {
	if err := c.ETL.Validate(); err != nil {
		return err
	}
	return c.Retention.Validate()
}

// Run implements the command.
func (c *ETLPruneCmd) Run(ctx context.Context, g *Globals) error {
	servers, err := openETL(ctx, c.Database, c.Temporal, c.StepTries)
	if err != nil {
		return err
	}
	defer servers.close()
	prune, err := servers.runs.Prune(ctx, c.Retention, c.DryRun)
	if err != nil {
		return err
	}
	pruned, err := prune.Wait(ctx)
	if err != nil {
		return err
	}
	return g.print(pruned, func(w io.Writer) error { return printPruned(w, pruned) })
}

func printPruned(w io.Writer, pruned *runs.Pruned) error {
	said := "%d runs that ended before %s are given up; %d publishes cannot be undone any more.\n"
	removed := "REMOVED"
	if pruned.DryRun {
		said = "%d runs that ended before %s would be given up; %d publishes could not be undone any more. Nothing was removed.\n"
		removed = "WOULD GO"
	}
	if _, err := fmt.Fprintf(w, said, pruned.Runs, pruned.Before.Format(time.DateTime), pruned.Publishes); err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "ZONE\t%s\tBYTES\tOF THEM ORPHANS\tSTAY\tBYTES\tOTHERS'\tBYTES\n", removed)
	for _, zone := range pruned.Zones {
		fmt.Fprintf(table, "%s", zone.Zone)
		fmt.Fprintf(table, "\t%d\t%d\t%d", zone.Removed.Objects, zone.Removed.Bytes, zone.Orphans.Objects)
		for _, amount := range []etl.Amount{zone.Kept, zone.Foreign} {
			fmt.Fprintf(table, "\t%d\t%d", amount.Objects, amount.Bytes)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}
