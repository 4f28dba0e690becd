package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
)

// DoctorCmd checks what Mercado needs and whether it answers.
type DoctorCmd struct {
	settings.Database
	Analytics settings.Warehouse `embed:""`
	settings.ObjectStore
	settings.Temporal
	settings.API
	settings.Shop
	settings.Freshness
}

// Help is shown by `mercado doctor --help`.
func (c *DoctorCmd) Help() string {
	return "Changes nothing. Ends with exit code 1 when something is wrong. For a stack with other ports " +
		"than the default ones, first source the file env in its home."
}

// finding is what one check has found.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Warns  bool   `json:"warns"` // it will be wrong soon
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"` // what to do, when something is wrong or will be
}

// examination is one check: what it looks at, and what to do when it fails.
type examination struct {
	name    string
	advice  string
	examine func(context.Context) (found string, err error)
	address string // host:port of the server, where that is what is checked
	needs   string // the check without which this one cannot be made
}

// examinationDeadline bounds one check.
const examinationDeadline = 10 * time.Second

// Run implements the command.
func (c *DoctorCmd) Run(ctx context.Context, g *Globals) error {
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	workflows, err := temporal.NewLazy(c.Temporal)
	if err != nil {
		return err
	}
	defer workflows.Close()
	examinations := examinations(c, g, &patient{db: db, workflows: workflows})

	findings := make([]finding, len(examinations))
	var group errgroup.Group
	for i, e := range examinations {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, examinationDeadline)
			defer cancel()
			findings[i] = e.find(ctx)
			return nil
		})
	}
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return err
	}
	blame(examinations, findings)
	if err := g.print(map[string][]finding{"items": findings}, func(w io.Writer) error { return printFindings(w, findings) }); err != nil {
		return err
	}
	wrong := 0
	for _, found := range findings {
		if !found.OK {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d checks found something wrong", wrong, len(findings))
	}
	return nil
}

func (e examination) find(ctx context.Context) finding {
	found, err := e.examine(ctx)
	if err == nil {
		return finding{Check: e.name, OK: true, Found: found}
	}
	if soon := warning(""); errors.As(err, &soon) {
		return finding{Check: e.name, OK: true, Warns: true, Found: err.Error(), Advice: e.advice}
	}
	found = whitespace.ReplaceAllString(err.Error(), " ") // drivers write several lines
	if e.address != "" {
		if connection, err := new(net.Dialer).DialContext(ctx, "tcp", e.address); err == nil {
			_ = connection.Close()
			found += fmt.Sprintf(" (another program may hold the port: something listens on %s)", e.address)
		}
	}
	return finding{Check: e.name, Found: found, Advice: e.advice}
}

// warning is what an examination has found that is not wrong yet.
type warning string

func (w warning) Error() string { return string(w) }

var whitespace = regexp.MustCompile(`\s+`)

// blame leaves one finding of those that have one cause.
func blame(examinations []examination, findings []finding) {
	wrong := map[string]bool{}
	for i, e := range examinations {
		wrong[e.name] = !findings[i].OK
		if wrong[e.needs] {
			findings[i] = finding{Check: e.name, Found: "not known while there is no " + e.needs, Advice: "see above"}
		}
	}
}

func printFindings(w io.Writer, findings []finding) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, found := range findings {
		mark, line := "ok", found.Found
		switch {
		case !found.OK:
			mark, line = "WRONG", found.Found+" → "+found.Advice
		case found.Warns:
			mark, line = "warn", found.Found+" → "+found.Advice
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", mark, found.Check, line); err != nil {
			return err
		}
	}
	return table.Flush()
}
