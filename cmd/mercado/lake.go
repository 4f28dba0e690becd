package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mercado/internal/lake/catalogue"
	"mercado/internal/lake/duck"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/model"
	"mercado/internal/settings"
)

// LakeCmd is the commands about the lake itself.
type LakeCmd struct {
	Docs LakeDocsCmd `cmd:"" help:"Write the data catalogue: every table and column, its checks, and what it is made from."`
}

// LakeDocsCmd writes the data catalogue. It needs no server.
type LakeDocsCmd struct {
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
	if err := described.Write(c.Folder); err != nil {
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
