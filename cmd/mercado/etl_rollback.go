package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"mercado/internal/settings"
)

// ETLRollbackCmd puts back what stood before a publish.
type ETLRollbackCmd struct {
	settings.Database
	settings.Temporal
	settings.ETL
	ID        *runID `arg:"" optional:"" name:"run" help:"The run whose publish is to be undone, the latest (default: whichever that is)."`
	WithNewer bool   `name:"with-newer" help:"Undo what was published since the run as well."`
}

// Validate implements kong's validation hook.
func (c *ETLRollbackCmd) Validate() error {
	if c.WithNewer && c.ID == nil {
		return errors.New("--with-newer needs the run to go back before")
	}
	return c.ETL.Validate()
}

// Run implements the command.
func (c *ETLRollbackCmd) Run(ctx context.Context, g *Globals) error {
	servers, err := openETL(ctx, c.Database, c.Temporal, c.StepTries)
	if err != nil {
		return err
	}
	defer servers.close()
	rollback, err := servers.runs.Rollback(ctx, (*uuid.UUID)(c.ID), c.WithNewer)
	if err != nil {
		return err
	}
	undone, err := rollback.Wait(ctx)
	if err != nil {
		return err
	}
	return g.print(undone, func(w io.Writer) error {
		for _, id := range undone.Runs {
			run, err := servers.db.Run(ctx, id)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s %s\n", run.ID, run.State); err != nil {
				return err
			}
		}
		return nil
	})
}
