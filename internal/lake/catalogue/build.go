package catalogue

import (
	"context"
	"fmt"
	"strings"

	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/model"
)

// Describer knows queries without running them: which columns they give, and their tree.
type Describer interface {
	// Define makes an empty table.
	Define(ctx context.Context, table model.Table, columns []lake.Column) error
	// Describe gives the columns of a query over tables that were made, and its tree.
	Describe(ctx context.Context, query string) (columns []lake.Column, tree []byte, err error)
}

// Build describes the tables of all sources and models.
func Build(ctx context.Context, d Describer, sources []extract.Source, models *model.Set) (*Catalogue, error) {
	c := &Catalogue{}
	for _, source := range sources {
		if err := c.addSource(ctx, d, source); err != nil {
			return nil, err
		}
	}
	defined := map[model.Table]bool{}
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		for _, m := range models.Zone(zone) {
			if err := c.addModel(ctx, d, m, models, defined); err != nil {
				return nil, fmt.Errorf("describe %s: %w", m.Table, err)
			}
		}
	}
	c.describeRaw()
	c.publish()
	c.finish()
	return c, nil
}

func (c *Catalogue) addSource(ctx context.Context, d Describer, source extract.Source) error {
	raw := model.Table{Zone: lake.Raw, Name: source.Table}
	table := &Table{
		Name: raw.String(), Zone: lake.Raw, Description: source.Description, Subject: source.Subject, Key: []string{},
		Checks: []Check{}, Upstream: []string{}, Downstream: []string{}, Code: "sql/sources/" + source.Table + ".sql",
	}
	var columns []lake.Column
	for _, column := range source.Columns {
		columns = append(columns, lake.Column{Name: column.Name, Type: lakeType(column.Type)})
		table.Columns = append(table.Columns, Column{
			Name: column.Name, Type: lakeType(column.Type), Description: column.Description, From: []Ref{},
			Personal: model.Column{Description: column.Description}.Personal() || source.Personal.Erases(column.Name),
			Erased:   erased(source.Personal, column.Name),
		})
	}
	c.Tables = append(c.Tables, table)
	return d.Define(ctx, raw, columns)
}

// describeRaw has columns of zone raw mean what zone clean says of them, where a column there is made from one
// alone and its source says nothing itself. A column of the same name goes before others.
func (c *Catalogue) describeRaw() {
	said, named := map[Ref]Column{}, map[Ref]Column{}
	for _, table := range c.Tables {
		if table.Zone != lake.Clean {
			continue
		}
		for _, column := range table.Columns {
			if len(column.From) != 1 {
				continue
			}
			from := column.From[0]
			if _, known := said[from]; !known {
				said[from] = column
			}
			if strings.HasSuffix(string(from), "."+column.Name) {
				named[from] = column
			}
		}
	}
	for _, table := range c.Tables {
		if table.Zone != lake.Raw {
			continue
		}
		for i := range table.Columns {
			column := &table.Columns[i]
			of := Ref(table.Name + "." + column.Name)
			heir, known := named[of]
			if !known {
				heir = said[of]
			}
			if column.Description == "" {
				column.Description, column.Personal = heir.Description, heir.Personal
			}
		}
	}
}

// lakeType is the type that a column of the shop has in zone raw, for those that are not named alike.
func lakeType(shop string) string {
	known := map[string]string{"char": "VARCHAR", "text": "VARCHAR", "jsonb": "VARCHAR", "json": "VARCHAR", "xid8": "BIGINT", "timestamptz": "TIMESTAMP WITH TIME ZONE"}
	if name, is := known[shop]; is {
		return name
	}
	return shop
}

func (c *Catalogue) addModel(ctx context.Context, d Describer, m *model.Model, models *model.Set, defined map[model.Table]bool) error {
	for _, read := range m.Reads {
		if read.Zone != model.Published || defined[read] {
			continue
		}
		columns, err := c.published(read, models)
		if err != nil {
			return err
		}
		if err := d.Define(ctx, read, columns); err != nil {
			return err
		}
		defined[read] = true
	}
	columns, tree, err := d.Describe(ctx, m.Query)
	if err != nil {
		return err
	}
	outputs, err := Lineage(tree, func(table string) []string { return c.columnsOf(table, models) })
	if err != nil {
		return err
	}
	c.add(m, columns, outputs)
	return d.Define(ctx, m.Table, columns)
}

// published gives the columns of a published table: as the model of gold makes them or, where that
// reads what stood before it, as its header says.
func (c *Catalogue) published(table model.Table, models *model.Set) ([]lake.Column, error) {
	var columns []lake.Column
	if known := c.Find(string(lake.Gold) + "." + table.Name); known != nil {
		for _, column := range known.Columns {
			columns = append(columns, lake.Column{Name: column.Name, Type: column.Type})
		}
		return columns, nil
	}
	m, err := models.Get(model.Table{Zone: lake.Gold, Name: table.Name})
	if err != nil {
		return nil, err
	}
	for _, column := range m.Columns {
		columns = append(columns, lake.Column{Name: column.Name, Type: column.Type})
	}
	return columns, nil
}

func (c *Catalogue) columnsOf(name string, models *model.Set) []string {
	var names []string
	if table := c.Find(name); table != nil {
		for _, column := range table.Columns {
			names = append(names, column.Name)
		}
		return names
	}
	for _, m := range models.Zone(lake.Gold) {
		if name == string(model.Published)+"."+m.Table.Name {
			for _, column := range m.Columns {
				names = append(names, column.Name)
			}
		}
	}
	return names
}
