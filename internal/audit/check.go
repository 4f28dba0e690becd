// Package audit proves that the shop's books add up: ledger and balances, reservations and open
// orders, money and orders. It changes nothing but the record of what it has found.
package audit

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"mercado/internal/lake/sqlfile"
	checks "mercado/sql/audit"
)

// Severity says how bad a difference is.
type Severity string

// Severities. Error means that money or stock is wrong; Warn, that somebody should look.
const (
	Error Severity = "error"
	Warn  Severity = "warn"
)

// Check is one thing that is proved.
type Check struct {
	Name     string   `json:"check"`
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"` // what the ids of its differences name: order, product, …
	Proves   string   `json:"proves"`

	query string
}

// Checks reads the checks of sql/audit, by name.
func Checks() ([]Check, error) {
	files, err := fs.Glob(checks.Files, "*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]Check, len(files)) // Glob sorts
	for i, file := range files {
		text, err := fs.ReadFile(checks.Files, file)
		if err != nil {
			return nil, err
		}
		header, query, err := sqlfile.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("audit check %s: %w", file, err)
		}
		all[i] = Check{
			Name: strings.TrimSuffix(path.Base(file), ".sql"), Severity: Severity(header.Value("severity")),
			Subject: header.Value("subject"), Proves: header.Value("proves"), query: query,
		}
		if c := all[i]; c.Subject == "" || c.Proves == "" || (c.Severity != Error && c.Severity != Warn) {
			return nil, fmt.Errorf("audit check %s: want proves, subject, and severity error or warn", file)
		}
	}
	return all, nil
}
