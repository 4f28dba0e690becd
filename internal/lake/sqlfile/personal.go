package sqlfile

import (
	"fmt"
	"slices"
	"strings"
)

// Personal says whose the rows of a table are, and what takes the place of what tells who that is.
//
//	-- person: customer customer_id
//	-- keeps: customer_id, country
//	-- erase email: 'nobody-' || customer_id
//
// What is null stays null. A column that is neither kept nor erased, because a later release brought it or
// an earlier one had it, becomes null.
type Personal struct {
	By      Owner
	Column  string // that has the key of the customer, or of the order
	Keeps   []string
	Erased  []Entry  // a column and the expression, in DuckDB's SQL, that takes its place
	Periods []string // from and to: rows of one person that follow each other and say the same become one
}

// Owner is what a row is a customer's by.
type Owner string

// The owners.
const (
	ByCustomer Owner = "customer"
	ByOrder    Owner = "order"
)

// Erases tells whether the column is one of those.
func (p *Personal) Erases(column string) bool {
	return p != nil && slices.ContainsFunc(p.Erased, func(e Entry) bool { return e.Name == column })
}

// Personal reads what the header says of persons; nil when it says nothing. Each of the columns must be said to be
// kept or erased.
func (h Header) Personal(columns []string) (*Personal, error) {
	if h.Value("person") == "" {
		if len(h.Named("erase"))+len(h.List("keeps"))+len(h.List("periods")) > 0 {
			return nil, fmt.Errorf("the header says what to erase and not whose it is: want `person: customer COLUMN` or `person: order COLUMN`")
		}
		return nil, nil
	}
	by, column, _ := strings.Cut(h.Value("person"), " ")
	p := &Personal{By: Owner(by), Column: column, Keeps: h.List("keeps"), Erased: h.Named("erase"), Periods: h.List("periods")}
	if p.By != ByCustomer && p.By != ByOrder || !slices.Contains(p.Keeps, column) {
		return nil, fmt.Errorf("person %q: want customer or order, and a column that is kept", h.Value("person"))
	}
	if len(p.Periods) != 0 && (len(p.Periods) != 2 || !slices.Contains(p.Keeps, p.Periods[0]) || !slices.Contains(p.Keeps, p.Periods[1])) {
		return nil, fmt.Errorf("periods: want two columns that are kept")
	}
	for _, name := range columns {
		if slices.Contains(p.Keeps, name) == p.Erases(name) {
			return nil, fmt.Errorf("column %s must be either kept or erased when its person is", name)
		}
	}
	for _, name := range append(slices.Clone(p.Keeps), p.names()...) {
		if !slices.Contains(columns, name) {
			return nil, fmt.Errorf("there is no column %s to keep or to erase", name)
		}
	}
	return p, nil
}

func (p *Personal) names() []string {
	names := make([]string, len(p.Erased))
	for i, entry := range p.Erased {
		names[i] = entry.Name
	}
	return names
}
