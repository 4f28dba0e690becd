package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Ref is a column of a table, as zone.table.column.
type Ref string

// Output is a column that a query gives, and the columns of tables that its values are made from.
type Output struct {
	Name string
	From []Ref
}

// Lineage reads the tree of a query, as DuckDB's json_serialize_sql writes it. columns lists those of
// a table, for a query that takes them all. What a query only filters, joins or sorts by is not in its values.
func Lineage(tree []byte, columns func(table string) []string) ([]Output, error) {
	var parsed struct {
		Error      bool
		Message    string `json:"error_message"`
		Statements []struct{ Node node }
	}
	if err := json.Unmarshal(tree, &parsed); err != nil {
		return nil, fmt.Errorf("read the tree of a query: %w", err)
	}
	if parsed.Error || len(parsed.Statements) != 1 {
		return nil, errors.New("read the tree of a query: want one select; " + parsed.Message)
	}
	found := (&scope{columns: columns}).query(parsed.Statements[0].Node)
	outputs := make([]Output, len(found))
	for i, column := range found {
		outputs[i] = Output{Name: column.name, From: slices.Sorted(maps.Keys(column.from))}
	}
	return outputs, nil
}

type node = map[string]any

type refs map[Ref]bool

// column of a query or of something in its from clause.
type column struct {
	name string
	from refs
}

type relation struct {
	alias   string
	table   string // of a zone; "" for what the query makes itself
	made    []column
	sources refs // of a table function: what every column of it is made from
}

// scope is what names of columns mean at a place of a query.
type scope struct {
	outer     *scope
	columns   func(string) []string
	relations []relation
	with      map[string][]column
	selected  []column // so far: a later column may be made from them
}

func (s *scope) inner() *scope {
	return &scope{outer: s, columns: s.columns, with: map[string][]column{}}
}

func (s *scope) named(with string) ([]column, bool) {
	for at := s; at != nil; at = at.outer {
		if made, known := at.with[with]; known {
			return made, true
		}
	}
	return nil, false
}

func text(n node, key string) string { value, _ := n[key].(string); return value }
func child(n node, key string) node  { value, _ := n[key].(node); return value }
func list(n node, key string) []any  { value, _ := n[key].([]any); return value }

// query gives the columns of a select or of several that are united.
func (s *scope) query(n node) []column {
	here := s.inner()
	for _, entry := range list(child(n, "cte_map"), "map") {
		entry, _ := entry.(node)
		value := child(entry, "value")
		here.with[text(entry, "key")] = renamed(here.query(child(child(value, "query"), "node")), list(value, "aliases"))
	}
	switch text(n, "type") {
	case "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE":
		parts := []any{n["left"], n["right"]}
		if children := list(n, "children"); len(children) > 0 {
			parts = children
		}
		var united []column
		for _, part := range parts {
			part, _ := part.(node)
			for i, each := range here.query(part) {
				if i < len(united) {
					maps.Copy(united[i].from, each.from)
				} else {
					united = append(united, each)
				}
			}
			if name := text(n, "cte_name"); name != "" {
				here.with[name] = united
			}
		}
		return united
	default:
		return here.selectNode(n)
	}
}

func (s *scope) selectNode(n node) []column {
	s.from(child(n, "from_table"))
	for _, item := range list(n, "select_list") {
		item, _ := item.(node)
		if text(item, "class") == "STAR" {
			s.selected = append(s.selected, s.all(text(item, "relation_name"))...)
			continue
		}
		found := column{name: text(item, "alias"), from: refs{}}
		if names := list(item, "column_names"); found.name == "" && len(names) > 0 {
			found.name, _ = names[len(names)-1].(string)
		}
		s.collect(item, found.from)
		s.selected = append(s.selected, found)
	}
	return s.selected
}

// from takes in what a from clause names.
func (s *scope) from(n node) {
	switch text(n, "type") {
	case "JOIN":
		s.from(child(n, "left"))
		s.from(child(n, "right"))
	case "BASE_TABLE":
		found := relation{alias: text(n, "alias"), table: text(n, "schema_name") + "." + text(n, "table_name")}
		if made, known := s.named(text(n, "table_name")); known && text(n, "schema_name") == "" {
			found.table, found.made = "", renamed(made, list(n, "column_name_alias"))
		}
		if found.alias == "" {
			found.alias = text(n, "table_name")
		}
		s.relations = append(s.relations, found)
	case "SUBQUERY":
		made := s.query(child(child(n, "subquery"), "node"))
		s.relations = append(s.relations, relation{alias: text(n, "alias"), made: renamed(made, list(n, "column_name_alias"))})
	case "TABLE_FUNCTION", "EXPRESSION_LIST", "PIVOT":
		sources := refs{}
		s.collect(n, sources)
		s.relations = append(s.relations, relation{alias: text(n, "alias"), sources: sources})
	}
}

func renamed(columns []column, names []any) []column {
	columns = slices.Clone(columns)
	for i, name := range names {
		if i < len(columns) {
			columns[i].name, _ = name.(string)
		}
	}
	return columns
}

// all gives the columns that a star means.
func (s *scope) all(alias string) (columns []column) {
	for _, r := range s.relations {
		if alias != "" && alias != r.alias {
			continue
		}
		columns = append(columns, r.made...)
		if r.table != "" {
			for _, name := range s.columns(r.table) {
				columns = append(columns, column{name, refs{Ref(r.table + "." + name): true}})
			}
		}
	}
	return columns
}

// collect adds the columns that an expression is made from.
func (s *scope) collect(expression any, into refs) {
	switch e := expression.(type) {
	case []any:
		for _, each := range e {
			s.collect(each, into)
		}
	case node:
		switch text(e, "class") {
		case "COLUMN_REF":
			s.resolve(list(e, "column_names"), into)
			return
		case "SUBQUERY":
			s.collect(e["child"], into)
			if text(e, "subquery_type") != "EXISTS" {
				for _, made := range s.query(child(child(e, "subquery"), "node")) {
					maps.Copy(into, made.from)
				}
			}
			return
		}
		for _, each := range e {
			s.collect(each, into)
		}
	}
}

// resolve adds what a name of a column means. A parameter of a lambda means nothing.
func (s *scope) resolve(names []any, into refs) {
	if len(names) == 0 {
		return
	}
	first, _ := names[0].(string)
	name, qualified := first, len(names) > 1
	if qualified {
		name, _ = names[1].(string)
	}
	for at := s; at != nil; at = at.outer {
		if !qualified {
			for _, earlier := range at.selected {
				if earlier.name == name {
					maps.Copy(into, earlier.from)
					return
				}
			}
		}
		for _, r := range at.relations {
			if qualified && r.alias != first {
				continue
			}
			if r.provides(name, qualified, s.columns, into) {
				return
			}
		}
	}
}

func (r relation) provides(name string, qualified bool, columns func(string) []string, into refs) bool {
	for _, made := range r.made {
		if made.name == name {
			maps.Copy(into, made.from)
			return true
		}
	}
	if r.sources != nil && qualified {
		maps.Copy(into, r.sources)
		return true
	}
	if r.table != "" && slices.Contains(columns(r.table), name) {
		into[Ref(r.table+"."+name)] = true
		return true
	}
	return false
}
