package productfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mercado/internal/attributes"
)

// ErrHeader is returned, with what is wrong, for a file whose first line does not name columns of products.
var ErrHeader = errors.New("header")

// Row is a product of a file. A column that the file lacks, or whose cell is empty, is nil.
type Row struct {
	Line        int64           `json:"line"`
	VendorID    *int64          `json:"vendor_id"`
	SKU         *string         `json:"sku"`
	ItemName    *string         `json:"item_name"`
	Description *string         `json:"description"`
	CategoryID  *int64          `json:"category_id"`
	Category    *string         `json:"category"`
	Brand       *string         `json:"brand"`
	Model       *string         `json:"model"`
	Price       *string         `json:"price"`
	Cost        *string         `json:"cost"`
	Stock       *int64          `json:"stock"`
	WeightKg    *string         `json:"weight_kg"`
	Dimensions  *string         `json:"dimensions"`
	LaunchDate  *string         `json:"launch_date"`
	Attributes  json.RawMessage `json:"attributes,omitempty"`
	IsActive    *bool           `json:"is_active"`
	Sent        []string        `json:"sent"` // the columns of the file
}

// column reads a cell that is not empty into a row; it tells what is wrong, or "".
type column struct {
	name string
	read func(*Row, string) string
}

var columns = []column{
	{"vendor_id", number(func(r *Row) **int64 { return &r.VendorID }, 1, 1<<62)},
	{"sku", text(func(r *Row) **string { return &r.SKU }, 100)},
	{"item_name", text(func(r *Row) **string { return &r.ItemName }, 300)},
	{"description", text(func(r *Row) **string { return &r.Description }, 20000)},
	{"category_id", number(func(r *Row) **int64 { return &r.CategoryID }, 1, 1<<62)},
	{"category", text(func(r *Row) **string { return &r.Category }, 200)},
	{"brand", text(func(r *Row) **string { return &r.Brand }, 200)},
	{"model", text(func(r *Row) **string { return &r.Model }, 200)},
	{"price", matching(func(r *Row) **string { return &r.Price }, `^[0-9]{1,9}([.][0-9]{1,2})?$`, "expected an amount below 1000000000, such as 19.90")},
	{"cost", matching(func(r *Row) **string { return &r.Cost }, `^[0-9]{1,9}([.][0-9]{1,2})?$`, "expected an amount below 1000000000, such as 19.90")},
	{"stock", number(func(r *Row) **int64 { return &r.Stock }, 0, 1_000_000_000)},
	{"weight_kg", matching(func(r *Row) **string { return &r.WeightKg }, `^[0-9]{1,6}([.][0-9]{1,3})?$`, "expected kilograms below 1000000, such as 0.250")},
	{"dimensions", text(func(r *Row) **string { return &r.Dimensions }, 200)},
	{"launch_date", func(r *Row, cell string) string {
		day, err := time.Parse(time.DateOnly, cell)
		if err != nil || day.Year() < 1000 {
			return "expected a day as yyyy-mm-dd"
		}
		r.LaunchDate = &cell
		return ""
	}},
	{"attributes", func(r *Row, cell string) string {
		var object attributes.Object
		if json.Unmarshal([]byte(cell), &object) != nil || object == nil || len(object) > attributes.Most {
			return "expected a JSON object of at most 100 members, none of them deeply nested or out of range"
		}
		r.Attributes, _ = json.Marshal(object)
		return ""
	}},
	{"is_active", func(r *Row, cell string) string {
		active := strings.EqualFold(cell, "true")
		if !active && !strings.EqualFold(cell, "false") {
			return "expected true or false"
		}
		r.IsActive = &active
		return ""
	}},
}

func text(of func(*Row) **string, most int) func(*Row, string) string {
	return func(r *Row, cell string) string {
		if utf8.RuneCountInString(cell) > most {
			return fmt.Sprintf("expected at most %d characters", most)
		}
		*of(r) = &cell
		return ""
	}
}

func number(of func(*Row) **int64, least, most int64) func(*Row, string) string {
	return func(r *Row, cell string) string {
		value, err := strconv.ParseInt(cell, 10, 64)
		if err != nil || value < least || value > most {
			return fmt.Sprintf("expected a whole number from %d to %d", least, most)
		}
		*of(r) = &value
		return ""
	}
}

func matching(of func(*Row) **string, pattern, expected string) func(*Row, string) string {
	form := regexp.MustCompile(pattern)
	return func(r *Row, cell string) string {
		if !form.MatchString(cell) {
			return expected
		}
		*of(r) = &cell
		return ""
	}
}

// Columns are the names that a header may have, in any order; only sku must be there.
func Columns() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// Header says which cell of a row is which column.
type Header struct {
	columns []column
	names   []string
}

// Reader reads the rows of a file.
type Reader struct {
	scanner *scanner
	header  Header
}

// NewReader reads the header. It fails with ErrHeader.
func NewReader(in io.Reader) (*Reader, error) {
	s := newScanner(in, 0, 1)
	first, err := s.next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: the file is empty", ErrHeader)
	}
	if err != nil {
		return nil, err
	}
	if first.problem != "" {
		return nil, fmt.Errorf("%w: %s", ErrHeader, first.problem)
	}
	var header Header
	for i, name := range first.fields {
		name = strings.ToLower(strings.TrimSpace(name))
		at := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		if at < 0 {
			return nil, fmt.Errorf("%w: column %d is none of %s", ErrHeader, i+1, strings.Join(Columns(), ", "))
		}
		if slices.Contains(header.names, name) {
			return nil, fmt.Errorf("%w: two columns are %s", ErrHeader, name)
		}
		header.columns, header.names = append(header.columns, columns[at]), append(header.names, name)
	}
	if !slices.Contains(header.names, "sku") {
		return nil, fmt.Errorf("%w: there is no column sku", ErrHeader)
	}
	return &Reader{scanner: s, header: header}, nil
}

// Resume reads on at an offset, where a line begins, of a file with this header.
func (h Header) Resume(in io.Reader, offset, line int64) *Reader {
	return &Reader{scanner: newScanner(in, offset, line), header: h}
}

// Header is what the file's first line says.
func (r *Reader) Header() Header { return r.header }

// Position is how much was read: bytes, and the number of the next line.
func (r *Reader) Position() (offset, line int64) { return r.scanner.offset, r.scanner.line }

// Next reads a row. What is wrong with it comes as problems, and then the row counts for nothing. It
// returns io.EOF after the last.
func (r *Reader) Next() (row Row, problems []Problem, err error) {
	found, err := r.scanner.next()
	if err != nil {
		return row, nil, err
	}
	row = Row{Line: found.line, Sent: r.header.names}
	refuse := func(field, message string) { problems = append(problems, Problem{found.line, field, message}) }
	switch {
	case found.problem != "":
		refuse("", found.problem)
		return row, problems, nil
	case len(found.fields) != len(r.header.columns):
		refuse("", fmt.Sprintf("%d cells, and the header has %d", len(found.fields), len(r.header.columns)))
		return row, problems, nil
	}
	for i, cell := range found.fields {
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		if wrong := r.header.columns[i].read(&row, cell); wrong != "" {
			refuse(r.header.columns[i].name, wrong)
		}
	}
	if row.SKU == nil && len(problems) == 0 {
		refuse("sku", "every row needs it")
	}
	return row, problems, nil
}
