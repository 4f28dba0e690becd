package main

import (
	"context"
	"fmt"
	"io"

	"mercado/internal/settings"
	"mercado/runs"
)

// EraseCmd makes a customer nobody.
type EraseCmd struct {
	settings.Database
	settings.Temporal
	settings.ETL
	Customer int64 `name:"customer" required:"" placeholder:"ID" help:"The customer's number."`
}

// Help implements kong's help provider.
func (*EraseCmd) Help() string {
	return "The customer's rows stay, so that orders, money and stock add up, and say nothing of who it was: in the shop, in " +
		"all zones of the lake, kept versions included, and in the warehouse. Loads that are under way are waited for, others wait. " +
		"It cannot be taken back. Refused while orders are still to be delivered or settled. Ends with exit code 0 when a search of " +
		"what is stored finds nothing more, 1 otherwise. What it does not reach: docs/runbooks/erase-a-customer.md."
}

// Run implements the command.
func (c *EraseCmd) Run(ctx context.Context, g *Globals) error {
	servers, err := openETL(ctx, c.Database, c.Temporal, c.StepTries)
	if err != nil {
		return err
	}
	defer servers.close()
	erasure, err := servers.runs.Erase(ctx, c.Customer)
	if err != nil {
		return err
	}
	told := ""
	erased, err := erasure.Wait(ctx, func(so runs.Erased) {
		if so.Now != told && so.Now != "" {
			told = so.Now
			_, _ = fmt.Fprintln(g.stderr, told)
		}
	})
	if err != nil {
		return err
	}
	return g.print(erased, func(w io.Writer) error {
		for _, missing := range erased.Missing() {
			if _, err := fmt.Fprintf(w, "object %s is missing: once it is restored, erase again\n", missing); err != nil {
				return err
			}
		}
		for _, found := range erased.Search.Alike {
			if _, err := fmt.Fprintf(w, "%s: the %s is in %d rows, which may be somebody else's: look\n", found.Place, found.What, found.Rows); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "customer %d erased: %d objects and %d manifests written anew, %d rows in the warehouse; %d places searched\n",
			erased.CustomerID, erased.Objects(), erased.Manifests.Written, erased.Warehouse.Rows, erased.Search.Places)
		return err
	})
}
