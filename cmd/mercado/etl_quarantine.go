package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/runs"
)

// ETLQuarantineCmd shows the rows that broke a rule. Whoever may read the lake's files sees them whole.
type ETLQuarantineCmd struct {
	settings.Database
	settings.ObjectStore
	OfRun   *runID `name:"run" placeholder:"RUN" help:"Of this run, as etl status shows it, whether it stands or not."`
	Table   string `name:"table" placeholder:"TABLE" help:"Of this table of zone clean."`
	Rule    string `name:"rule" placeholder:"RULE" help:"That broke this rule."`
	AllRuns bool   `name:"all-runs" help:"Of all loads, also those that a later one has replaced, that failed or were rolled back. Otherwise of what stands: of a table copied whole the last load that was published, of a table of days each day's last that was."`
	Limit   int    `name:"limit" default:"100" help:"Show at most so many rows, of the newest runs first."`
}

// Validate implements kong's validation hook.
func (c *ETLQuarantineCmd) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// Run implements the command.
func (c *ETLQuarantineCmd) Run(ctx context.Context, g *Globals) error {
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	objects, err := lake.Open(c.ObjectStore)
	if err != nil {
		return err
	}
	models, err := model.Load()
	if err != nil {
		return err
	}
	filter := runs.QuarantineFilter{AllRuns: c.AllRuns, Most: c.Limit}
	if c.OfRun != nil {
		id := uuid.UUID(*c.OfRun)
		if _, err := db.Run(ctx, id); err != nil {
			return err
		}
		filter.Run = &id
	}
	if c.Table != "" {
		if _, err := models.Get(model.Table{Zone: lake.Clean, Name: c.Table}); err != nil {
			return &settings.Error{Setting: "--table", Problem: "must be a table of zone clean"}
		}
		filter.Table = &c.Table
	}
	if c.Rule != "" {
		filter.Rule = &c.Rule
	}
	quarantine := &runs.Quarantine{Shop: db, Store: objects, Models: models, Scratch: runs.Scratch(g.Environment)}
	list := struct {
		Items []runs.QuarantinedRow `json:"items"`
	}{}
	if list.Items, err = quarantine.List(ctx, filter); err != nil {
		return err
	}
	return g.print(list, func(w io.Writer) error { return printQuarantine(w, list.Items) })
}

func printQuarantine(w io.Writer, rows []runs.QuarantinedRow) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tTABLE\tRULES\tROW")
	for _, row := range rows {
		var rules []string
		for _, rule := range row.Rules {
			rules = append(rules, rule.Rule)
		}
		text, err := json.Marshal(row.Row)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", row.RunID, row.Table, strings.Join(rules, ","), text)
	}
	return table.Flush()
}
