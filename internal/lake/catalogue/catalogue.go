// Package catalogue describes every table and column of the lake and the warehouse, and which columns
// each is made from: from the models alone, without data.
package catalogue

import (
	"cmp"
	"slices"
	"strings"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/lake/sqlfile"
)

// Warehouse is where gold is published: a zone of the catalogue, and no bucket.
const Warehouse lake.Zone = "warehouse"

// Zones of the catalogue, in the order data flow through them.
var Zones = append(slices.Clone(lake.Zones), Warehouse)

// Catalogue is all tables, by zone and name.
type Catalogue struct {
	Tables []*Table `json:"tables"`
}

// Table is a table of a zone.
type Table struct {
	Name        string    `json:"name" doc:"As zone.table."`
	Zone        lake.Zone `json:"zone" enum:"raw,clean,work,gold,warehouse"`
	Description string    `json:"description"`
	Grain       string    `json:"grain" doc:"What a row is; empty in zone raw, which is as the shop has it."`
	Key         []string  `json:"key"`
	Subject     string    `json:"subject" doc:"Whose days a load takes; empty for a table that is taken whole."`
	Partition   string    `json:"partition" doc:"The column whose day a row belongs to; empty for a table that is written whole."`
	Columns     []Column  `json:"columns"`
	Checks      []Check   `json:"checks"`
	Upstream    []string  `json:"upstream" doc:"Tables it is made from."`
	Downstream  []string  `json:"downstream" doc:"Tables that are made from it."`
	Code        string    `json:"code" doc:"The file that makes it."`
}

// Column is a column of a table.
type Column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
	Personal    bool   `json:"personal" doc:"Holds personal data."`
	Erased      string `json:"erased" doc:"What takes its place when the customer is erased, in SQL; empty: it stays."`
	From        []Ref  `json:"from" doc:"The columns its values are made from, as zone.table.column."`
	To          []Ref  `json:"to" doc:"The columns that are made from it."`
}

// Check is a condition that rows meet.
type Check struct {
	Name      string `json:"name"`
	Severity  string `json:"severity" enum:"error,warn"`
	Condition string `json:"condition"`
}

// Find returns the table with a name such as gold.sales, or nil.
func (c *Catalogue) Find(name string) *Table {
	for _, table := range c.Tables {
		if table.Name == name {
			return table
		}
	}
	return nil
}

// Origins follows the lineage of a column back to zone raw.
func (c *Catalogue) Origins(of Ref) []Ref {
	origins, seen := []Ref{}, map[Ref]bool{}
	var follow func(Ref)
	follow = func(ref Ref) {
		if seen[ref] {
			return
		}
		seen[ref] = true
		column := c.column(ref)
		if column == nil {
			return
		}
		if strings.HasPrefix(string(ref), string(lake.Raw)+".") {
			origins = append(origins, ref)
		}
		for _, from := range column.From {
			follow(from)
		}
	}
	follow(of)
	slices.Sort(origins)
	return origins
}

// erased is what takes the place of a column when the customer is erased, "" for nothing.
func erased(personal *sqlfile.Personal, column string) string {
	if personal != nil {
		for _, entry := range personal.Erased {
			if entry.Name == column {
				return entry.Value
			}
		}
	}
	return ""
}

// add describes a model; columns are those of its query, with their types.
func (c *Catalogue) add(m *model.Model, columns []lake.Column, outputs []Output) {
	table := &Table{
		Name: m.String(), Zone: m.Zone, Description: m.Description, Grain: m.Grain, Key: m.Key, Subject: m.Subject, Partition: m.Partition,
		Checks: []Check{}, Upstream: []string{}, Downstream: []string{}, Code: "sql/models/" + string(m.Zone) + "/" + m.Table.Name + ".sql",
	}
	for _, read := range m.Reads {
		if read.Zone == model.Published {
			read.Zone = lake.Gold
		}
		table.Upstream = append(table.Upstream, read.String())
	}
	for i, described := range m.Columns {
		column := Column{Name: described.Name, Description: described.Description, Personal: described.Personal(), Erased: erased(m.Personal, described.Name), From: []Ref{}}
		if i < len(columns) {
			column.Type = columns[i].Type
		}
		for _, output := range outputs {
			if output.Name == column.Name {
				column.From = inGold(output.From)
			}
		}
		table.Columns = append(table.Columns, column)
	}
	for _, check := range m.Checks {
		severity := "error"
		if check.Warn {
			severity = "warn"
		}
		table.Checks = append(table.Checks, Check{check.Name, severity, check.Condition})
	}
	c.Tables = append(c.Tables, table)
}

// inGold names the columns of published tables as those of gold, and leaves out the run's own days
// and parameters.
func inGold(from []Ref) []Ref {
	kept := []Ref{}
	for _, ref := range from {
		if rest, published := strings.CutPrefix(string(ref), string(model.Published)+"."); published {
			ref = Ref(string(lake.Gold) + "." + rest)
		}
		if !strings.HasPrefix(string(ref), "run.") {
			kept = append(kept, ref)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// publish describes the warehouse: gold as it is published.
func (c *Catalogue) publish() {
	for _, gold := range slices.Clone(c.Tables) {
		if gold.Zone != lake.Gold {
			continue
		}
		table := *gold
		name := strings.TrimPrefix(gold.Name, string(lake.Gold)+".")
		table.Zone, table.Name, table.Checks = Warehouse, string(Warehouse)+"."+name, []Check{}
		table.Upstream, table.Downstream, table.Columns = []string{gold.Name}, []string{}, slices.Clone(gold.Columns)
		for i := range table.Columns {
			table.Columns[i].From = []Ref{Ref(gold.Name + "." + table.Columns[i].Name)}
			table.Columns[i].Type = postgresType(table.Columns[i].Type)
		}
		c.Tables = append(c.Tables, &table)
	}
}

// postgresType is the type that a type of the lake has in the warehouse.
func postgresType(kind string) string {
	known := map[string]string{
		"VARCHAR": "text", "TIMESTAMP WITH TIME ZONE": "timestamptz", "BIGINT": "bigint", "INTEGER": "integer", "SMALLINT": "smallint",
		"BOOLEAN": "boolean", "DATE": "date", "UUID": "uuid",
	}
	if name, is := known[kind]; is {
		return name
	}
	return strings.Replace(strings.ToLower(kind), "decimal", "numeric", 1)
}

// finish sorts the tables and says of each, and of each column, what is made from it.
func (c *Catalogue) finish() {
	slices.SortFunc(c.Tables, func(a, b *Table) int {
		return cmp.Or(cmp.Compare(slices.Index(Zones, a.Zone), slices.Index(Zones, b.Zone)), cmp.Compare(a.Name, b.Name))
	})
	for _, table := range c.Tables {
		for i := range table.Columns {
			table.Columns[i].To = []Ref{} // and not shared with the table it was published from
		}
		slices.Sort(table.Upstream)
		table.Upstream = slices.Compact(table.Upstream)
		for _, name := range table.Upstream {
			if upstream := c.Find(name); upstream != nil && upstream != table {
				upstream.Downstream = append(upstream.Downstream, table.Name)
			}
		}
	}
	for _, table := range c.Tables {
		for _, column := range table.Columns {
			for _, from := range column.From {
				if source := c.column(from); source != nil {
					source.To = append(source.To, Ref(table.Name+"."+column.Name))
				}
			}
		}
	}
}

// column is the one that is named, or nil.
func (c *Catalogue) column(ref Ref) *Column {
	at := strings.LastIndexByte(string(ref), '.')
	table := c.Find(string(ref)[:at])
	if table == nil {
		return nil
	}
	for i := range table.Columns {
		if table.Columns[i].Name == string(ref)[at+1:] {
			return &table.Columns[i]
		}
	}
	return nil
}
