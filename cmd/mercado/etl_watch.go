package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"

	"mercado/internal/store"
	"mercado/runs"
)

// watch shows a run until it has ended. A run that ends without success is an error.
func watch(ctx context.Context, g *Globals, db *store.DB, id uuid.UUID) error {
	show := g.watcher()
	run, err := runs.Watch(ctx, db, id, func(run *store.Run) {
		var underWay []store.MaintenanceUnderWay
		if run.WaitsFor != nil {
			underWay, _ = db.MaintenanceUnderWay(ctx) // a database that goes away is waited for
		}
		show(run, underWay)
	})
	if err != nil {
		return err
	}
	list := struct {
		Items []store.Run `json:"items"`
	}{[]store.Run{*run}}
	err = g.print(list, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s %s\n", run.ID, run.State)
		return err
	})
	if err == nil && run.State != runs.Succeeded {
		failure := &runs.FailedError{ID: run.ID, State: run.State, Reason: "see its steps"}
		if run.Error != nil {
			failure.Reason = *run.Error
		}
		return failure
	}
	return err
}

// watcher draws a run anew each time on a terminal; elsewhere it writes a line for each step that
// has ended, and for what it waits for, to stderr where stdout is for a document.
func (g *Globals) watcher() func(*store.Run, []store.MaintenanceUnderWay) {
	out := g.stdout
	if g.Output == "json" {
		out = g.stderr
	} else if terminal, ok := g.stdout.(*os.File); ok && isatty.IsTerminal(terminal.Fd()) {
		return func(run *store.Run, underWay []store.MaintenanceUnderWay) {
			const home, clear = "\x1b[H", "\x1b[2J"
			var screen bytes.Buffer
			screen.WriteString(home + clear)
			if err := printRun(&screen, run, underWay); err == nil {
				_, _ = screen.WriteTo(out)
			}
		}
	}
	told := map[string]bool{}
	tell := func(line string) {
		if !told[line] {
			told[line] = true
			_, _ = fmt.Fprintln(out, line)
		}
	}
	return func(run *store.Run, underWay []store.MaintenanceUnderWay) {
		if run.WaitsFor != nil {
			tell("waits for " + *run.WaitsFor)
		}
		for _, m := range underWay {
			tell(maintenanceLine(m))
		}
		for _, step := range run.Steps {
			name := strings.TrimSpace(step.Step + " " + step.Table)
			key := fmt.Sprint(step.Execution, name)
			if step.State == runs.Running || told[key] {
				continue
			}
			told[key] = true
			note := step.Note
			if step.Error != nil {
				note = *step.Error
			}
			_, _ = fmt.Fprintf(out, "%s %s in %.1f s: %s\n", name, step.State, step.Seconds, note)
		}
	}
}
