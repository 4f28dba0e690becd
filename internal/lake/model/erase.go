package model

import (
	"context"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"mercado/internal/lake"
	"mercado/internal/lake/sqlfile"
)

// Eraser writes files of the lake anew without what tells who a person is. A file that is no part of its table is an
// *UnusablePart.
type Eraser interface {
	// Erase writes the part In as Out. rows are those of Out, which is written only when changed is true.
	Erase(ctx context.Context, part ErasedPart) (rows int64, changed bool, err error)
	// Rows gives the rows of a person in the part In without what tells who that is, as a JSON list of objects.
	Rows(ctx context.Context, part ErasedPart) ([]byte, error)
	// Remains tells what of a person is still in the part In: how many of the person's rows say who it is, and in how
	// many rows, of anybody, each of the texts is.
	Remains(ctx context.Context, part ErasedPart, texts []Wanted) (rows int64, found map[Wanted]int64, err error)
}

// Wanted is something to look for in a text in lower case.
type Wanted struct {
	Text    string // that has to be in it, in lower case
	Pattern string // a regular expression that it has to match, to Postgres and to DuckDB; "": any
}

// WantedText is a text wherever it stands.
func WantedText(text string) Wanted { return Wanted{Text: strings.ToLower(text)} }

// WantedAddress is an e-mail address, and no longer one that contains it: ana@mail.example is not in
// joana@mail.example. In JSON the address may follow an escaped line feed.
func WantedAddress(email string) Wanted {
	email = strings.ToLower(email)
	const (
		letters = "a-z0-9\u00c0-\u052f"
		begins  = `(^|[^` + letters + `._%+'-]|(^|[^` + letters + `])'|\\[bfnrt]|\\u[0-9a-f]{4})`
		ends    = `($|[^` + letters + `.-]|[.-]+($|[^` + letters + `.-]))`
	)
	return Wanted{Text: email, Pattern: begins + regexp.QuoteMeta(email) + ends}
}

// UnusablePart tells that a file is not a part of its table that can be read: trying again does not help.
type UnusablePart struct{ Problem string }

// Error implements error.
func (e *UnusablePart) Error() string { return "it cannot be read: " + e.Problem }

// ErasedPart is a file of a table, and who is to be erased from it.
type ErasedPart struct {
	Personal *sqlfile.Personal
	Customer int64
	Orders   []uuid.UUID // of the customer
	Key      []string    // rows are written in this order, as the model does; none: in the order they have
	In, Out  string
	Given    *GivenRows // of the part, instead of those of the file In, which need not be there
}

// GivenRows are rows of a table that are not in a file.
type GivenRows struct {
	Columns []lake.Column // with types as Postgres names them, which DuckDB knows as well
	Rows    []byte        // a JSON list of objects
}
