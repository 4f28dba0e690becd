package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mercado/internal/lake"
)

// Index and Document are the files, in the catalogue's folder, of the list and of all for programs.
const (
	Index    = "README.md"
	Document = "catalogue.json"
)

// Load is the last load of a table that stands.
type Load struct {
	RunID    string
	Interval lake.Span // the run's days
	Rows     int64     // that it made: of facts those of its days and of others that had changed, else all
	Rejected int64     // that went to quarantine
	At       time.Time // when it ended, UTC
}

// ZoneOfStep is the zone that a step of a load makes tables of, by the step's name.
var ZoneOfStep = map[string]lake.Zone{
	"extract": lake.Raw, "clean": lake.Clean, "work": lake.Work, "gold": lake.Gold, "stage": Warehouse,
}

// Files are the catalogue as Markdown and JSON, by path in its folder. Pages tell of loads, by the table's name,
// unless they are nil.
func (c *Catalogue) Files(loads map[string]Load) (map[string][]byte, error) {
	document, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{Index: []byte(c.index()), Document: append(document, '\n')}
	for _, table := range c.Tables {
		files[page(table.Name)] = []byte(c.page(table, loads))
	}
	return files, nil
}

// Write puts the files into a folder, and removes pages of tables that are no more.
func (c *Catalogue) Write(folder string, loads map[string]Load) error {
	files, err := c.Files(loads)
	if err != nil {
		return err
	}
	for name, content := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	for _, zone := range Zones {
		old, err := fs.Glob(os.DirFS(folder), path.Join(string(zone), "*.md"))
		if err != nil {
			return err
		}
		for _, name := range old {
			if _, current := files[name]; !current {
				err = errors.Join(err, os.Remove(filepath.Join(folder, filepath.FromSlash(name))))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func page(table string) string { return strings.Replace(table, ".", "/", 1) + ".md" }

const generated = "<!-- Written by `mercado lake docs` from sql/sources and sql/models; do not edit. -->\n\n"

func (c *Catalogue) index() string {
	var b strings.Builder
	b.WriteString("# Data catalogue\n\n" + generated)
	b.WriteString("Every table of the lake and the warehouse, what its columns mean, and what they are made from. " +
		"How many rows its last load has made of a table, and how fresh it is, is told by `GET /api/lake/datasets`, and on these pages where " +
		"`mercado lake docs --loads` has written them. Of facts a load makes those of its days: how many stand in all, the warehouse tells (`select count(*)`).\n\n")
	b.WriteString("```mermaid\ngraph LR\n")
	for _, zone := range Zones {
		fmt.Fprintf(&b, "  subgraph %s\n", zone)
		for _, table := range c.Tables {
			if table.Zone == zone {
				fmt.Fprintf(&b, "    %s[%s]\n", vertex(table.Name), strings.TrimPrefix(table.Name, string(zone)+"."))
			}
		}
		b.WriteString("  end\n")
	}
	for _, table := range c.Tables {
		for _, upstream := range table.Upstream {
			fmt.Fprintf(&b, "  %s --> %s\n", vertex(upstream), vertex(table.Name))
		}
	}
	b.WriteString("```\n")
	for _, zone := range Zones {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| table | holds |\n|---|---|\n", zone, zones[zone])
		for _, table := range c.Tables {
			if table.Zone == zone {
				fmt.Fprintf(&b, "| [%s](%s) | %s |\n", table.Name, page(table.Name), cell(table.Description))
			}
		}
	}
	return b.String()
}

var zones = map[lake.Zone]string{
	lake.Raw:   "As the shop has it, frozen by a run's extract. Columns that are not listed here are carried and reported.",
	lake.Clean: "Typed, in one spelling, without doubles. Rows that break a rule of severity error are in quarantine instead.",
	lake.Work:  "Joined and enriched; personal data masked.",
	lake.Gold:  "The star schema and the metrics, as files, each by run: [how to read them](../notebooks/README.md#reading-gold-elsewhere).",
	Warehouse:  "Gold, published in Postgres: all tables of a run in one transaction.",
}

// vertex names a table in a graph: Mermaid takes some words for its own.
func vertex(table string) string { return "t_" + strings.ReplaceAll(table, ".", "_") }

func (c *Catalogue) page(table *Table, loads map[string]Load) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s%s\n\n", table.Name, generated, table.Description)
	facts := [][2]string{
		{"grain", table.Grain}, {"key", code(table.Key)}, {"days of", table.Subject}, {"day of a row", code(nonEmpty(table.Partition))},
		{"made from", links(table.Upstream)}, {"makes", links(table.Downstream)},
		{"code", fmt.Sprintf("[%s](../../../%s)", table.Code, table.Code)},
	}
	if loads != nil {
		facts = append(facts, lastLoad(loads, table)...)
	}
	b.WriteString("| | |\n|---|---|\n")
	for _, fact := range facts {
		if fact[1] != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", fact[0], fact[1])
		}
	}
	b.WriteString("\n## Columns\n\n| column | type | means | made from | goes into |\n|---|---|---|---|---|\n")
	for _, column := range table.Columns {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", column.Name, column.Type, cell(meaning(column)), c.origin(column), code(column.To))
	}
	if len(table.Checks) > 0 {
		b.WriteString("\n## Checks\n\nWhat every row meets. " + consequence[table.Zone] + "\n\n| check | severity | condition |\n|---|---|---|\n")
		for _, check := range table.Checks {
			fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", check.Name, check.Severity, cell(check.Condition))
		}
	}
	if len(table.Upstream)+len(table.Downstream) > 0 {
		b.WriteString("\n## Lineage\n\n```mermaid\ngraph LR\n")
		for _, upstream := range table.Upstream {
			fmt.Fprintf(&b, "  %s[%s] --> %s[%s]\n", vertex(upstream), upstream, vertex(table.Name), table.Name)
		}
		for _, downstream := range table.Downstream {
			fmt.Fprintf(&b, "  %s[%s] --> %s[%s]\n", vertex(table.Name), table.Name, vertex(downstream), downstream)
		}
		b.WriteString("```\n")
	}
	return b.String()
}

// lastLoad says how many rows a table's last load has made, and how fresh it is.
func lastLoad(loads map[string]Load, table *Table) [][2]string {
	load, loaded := loads[table.Name]
	if !loaded {
		return [][2]string{{"last load", "none that stands"}}
	}
	rows := fmt.Sprintf("%d rows", load.Rows)
	if table.Subject+table.Partition != "" {
		rows += fmt.Sprintf(" of the days %s to %s (exclusive), and of others that had changed", load.Interval.From, load.Interval.To)
	}
	if load.Rejected > 0 {
		rows += fmt.Sprintf("; %d more in quarantine", load.Rejected)
	}
	return [][2]string{{"last load", rows}, {"fresh as of", fmt.Sprintf("%s, run `%s`", load.At.UTC().Format("2006-01-02 15:04 UTC"), load.RunID)}}
}

var consequence = map[lake.Zone]string{
	lake.Clean: "A row that does not, by a check of severity error, goes to quarantine under its name; warn is counted.",
	lake.Work:  "A row that does not, by a check of severity error, stops the run; warn is counted.",
	lake.Gold:  "A row that does not, by a check of severity error, stops the run; warn is counted.",
}

// origin names the columns that a column is made from and, where there is more between, those of raw.
func (c *Catalogue) origin(column Column) string {
	if len(column.From) == 0 {
		return ""
	}
	direct := code(column.From)
	var origins []Ref
	for _, ref := range column.From {
		origins = append(origins, c.Origins(ref)...)
	}
	slices.Sort(origins)
	origins = slices.Compact(origins)
	if len(origins) == 0 || slices.Equal(origins, column.From) {
		return direct
	}
	return direct + " ← " + code(origins)
}

// meaning is what a column holds, and what takes its place when the customer is erased.
func meaning(column Column) string {
	if column.Erased == "" {
		return column.Description
	}
	return fmt.Sprintf("%s Erased with its customer: `%s`.", column.Description, column.Erased)
}

func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

func code[S ~string](names []S) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "`" + string(name) + "`"
	}
	return strings.Join(quoted, ", ")
}

func nonEmpty(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func links(tables []string) string {
	linked := make([]string, len(tables))
	for i, table := range tables {
		linked[i] = fmt.Sprintf("[%s](../%s)", table, page(table))
	}
	return strings.Join(linked, ", ")
}
