// Package model reads the SQL models of the zones clean, work and gold, and says what running
// one takes and gives. The engine that runs them is in package duck.
package model

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"mercado/internal/lake"
	"mercado/internal/lake/sqlfile"
	"mercado/sql/models"
)

// Model is a query that makes one table of one zone.
type Model struct {
	Table
	Description string
	Grain       string
	Key         []string
	Version     []string // zone clean: of rows with one key the highest in these stays
	Partition   string   // column whose day a row belongs to; "" for a table written whole
	Subject     string   // zone gold: whose days a publish replaces; "" for a table replaced whole
	Upsert      bool     // zone gold: a publish adds and changes rows, and takes none away
	AsOf        bool     // zone gold: the table shows one day, and a publish never turns it back to an earlier one
	Reads       []Table
	Totals      []string // columns whose sums the manifest gives
	Columns     []Column
	Checks      []Check
	Personal    *sqlfile.Personal // nil: no row says who somebody is
	Query       string
	Digest      string // sha256 of the file
}

// Published is not a zone of the lake but what has been published of gold. To a model,
// published.T of a table of facts is all its days before the end of the run's interval, with the
// run's own days in place; published.T of a table written whole is what stood before the run.
const Published lake.Zone = "published"

// Table names a table of a zone.
type Table struct {
	Zone lake.Zone
	Name string
}

func (t Table) String() string { return string(t.Zone) + "." + t.Name }

// Column is a column and what it means. Type, as DuckDB names it, is "" where the header does not
// say: it must for a table that is read as published.T and written whole, for the first run.
type Column struct{ Name, Type, Description string }

// Personal tells whether the column says of itself that it holds personal data.
func (c Column) Personal() bool { return strings.Contains(c.Description, "Personal:") }

// Check is a condition every row should meet.
type Check struct {
	Name      string
	Warn      bool // count the exceptions; otherwise they go to quarantine or stop the run
	Condition string
}

// Load reads the embedded models.
func Load() (*Set, error) { return Read(models.Files) }

// Read reads the models of a file system with the folders clean, work and gold.
func Read(files fs.FS) (*Set, error) {
	set := &Set{models: map[Table]*Model{}}
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		paths, err := fs.Glob(files, path.Join(string(zone), "*.sql"))
		if err != nil {
			return nil, err
		}
		for _, name := range paths {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return nil, err
			}
			model, err := parse(zone, strings.TrimSuffix(path.Base(name), ".sql"), string(text))
			if err != nil {
				return nil, fmt.Errorf("sql/models/%s: %w", name, err)
			}
			set.models[model.Table] = model
		}
	}
	return set, set.order()
}

func parse(zone lake.Zone, name, text string) (*Model, error) {
	header, query, err := sqlfile.Parse(text)
	if err != nil {
		return nil, err
	}
	model := &Model{
		Table:       Table{Zone: zone, Name: name},
		Description: header.Value("description"),
		Grain:       header.Value("grain"),
		Key:         header.List("key"),
		Version:     header.List("version"),
		Partition:   header.Value("partition"),
		Subject:     header.Value("subject"),
		Upsert:      header.Value("publish") == "upsert",
		AsOf:        header.Value("publish") == "as-of",
		Totals:      header.List("totals"),
		Query:       query,
		Digest:      lake.Digest([]byte(text)),
	}
	for _, read := range header.List("reads") {
		zone, table, found := strings.Cut(read, ".")
		if !found {
			return nil, fmt.Errorf("reads %q: want zone.table", read)
		}
		model.Reads = append(model.Reads, Table{Zone: lake.Zone(zone), Name: table})
	}
	for _, entry := range header.Named("column") {
		name, kind, _ := strings.Cut(entry.Name, " ")
		model.Columns = append(model.Columns, Column{Name: name, Type: strings.TrimSpace(kind), Description: entry.Value})
	}
	for _, entry := range header {
		if entry.Key == "error" || entry.Key == "warn" {
			model.Checks = append(model.Checks, Check{Name: entry.Name, Warn: entry.Key == "warn", Condition: entry.Value})
		}
	}
	names := make([]string, len(model.Columns))
	for i, column := range model.Columns {
		names[i] = column.Name
	}
	if model.Personal, err = header.Personal(names); err != nil {
		return nil, err
	}
	return model, model.validate(header)
}

var headerKeys = []string{
	"description", "grain", "key", "version", "partition", "subject", "publish", "reads", "totals", "column", "error", "warn",
	"person", "keeps", "erase", "periods",
}

func (m *Model) validate(header sqlfile.Header) error {
	for _, entry := range header {
		if !slices.Contains(headerKeys, entry.Key) {
			return fmt.Errorf("unknown key %q in the header", entry.Key)
		}
		if entry.Value == "" {
			return fmt.Errorf("%s %s says nothing", entry.Key, entry.Name)
		}
	}
	if publish := header.Value("publish"); publish != "" && publish != "upsert" && publish != "as-of" {
		return fmt.Errorf("publish is upsert or as-of, not %q", publish)
	}
	if m.Personal != nil && m.Zone == lake.Gold && m.Subject != "" {
		return fmt.Errorf("tables of facts say nothing of who somebody is: an erasure does not look for it there")
	}
	if m.Description == "" || m.Grain == "" || len(m.Key) == 0 || len(m.Columns) == 0 {
		return fmt.Errorf("the header needs description, grain, key and columns")
	}
	for _, name := range slices.Concat(m.Key, m.Version, m.Totals, nonEmpty(m.Partition)) {
		if !slices.ContainsFunc(m.Columns, func(c Column) bool { return c.Name == name }) {
			return fmt.Errorf("column %s is not described", name)
		}
	}
	return nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
