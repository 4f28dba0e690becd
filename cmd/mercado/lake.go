package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mercado/internal/lake"
	"mercado/internal/lake/catalogue"
	"mercado/internal/lake/duck"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/model"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// LakeCmd is the commands about the lake itself.
type LakeCmd struct {
	Docs LakeDocsCmd `cmd:"" help:"Write the data catalogue: every table and column, its checks, and what it is made from."`
}

// LakeDocsCmd writes the data catalogue. It needs no server, unless it is to tell of loads.
type LakeDocsCmd struct {
	settings.Database
	Loads  bool   `name:"loads" help:"Also tell how many rows the last load that stands has made of each table, and how fresh it is, as the shop's database knows."`
	Folder string `name:"folder" type:"path" default:"docs/data" help:"Where the pages go."`
}

// Run implements the command.
func (c *LakeDocsCmd) Run(ctx context.Context, g *Globals) (err error) {
	models, err := model.Load()
	if err != nil {
		return err
	}
	sources, err := extract.Sources()
	if err != nil {
		return err
	}
	// Types do not depend on these.
	engine := duck.New(settings.Lake{MemoryLimit: "128MiB", Threads: 1, MaskKey: "none"})
	describer, err := engine.NewDescriber(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, describer.Close()) }()
	described, err := catalogue.Build(ctx, describer, sources, models)
	if err != nil {
		return err
	}
	var loads map[string]catalogue.Load
	if c.Loads {
		if loads, err = c.lastLoads(ctx); err != nil {
			return err
		}
	}
	if err := described.Write(c.Folder, loads); err != nil {
		return err
	}
	written := struct {
		Folder string `json:"folder"`
		Tables int    `json:"tables"`
	}{c.Folder, len(described.Tables)}
	return g.print(written, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d tables in %s\n", written.Tables, written.Folder)
		return err
	})
}

// lastLoads are those of all tables, by name.
func (c *LakeDocsCmd) lastLoads(ctx context.Context) (map[string]catalogue.Load, error) {
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	steps, err := db.LastLoads(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the last loads: %w", err)
	}
	loads := map[string]catalogue.Load{}
	for _, step := range steps {
		loads[string(catalogue.ZoneOfStep[step.Step])+"."+step.TableName] = catalogue.Load{
			RunID:    step.RunID.String(),
			Interval: lake.Span{From: lake.DayOf(step.IntervalFrom), To: lake.DayOf(step.IntervalTo)},
			Rows:     step.RowsOut, Rejected: step.RowsRejected, At: step.FinishedAt,
		}
	}
	return loads, nil
}
