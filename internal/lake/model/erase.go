package model

import (
	"context"

	"github.com/google/uuid"

	"mercado/internal/lake/sqlfile"
)

// Eraser writes files of the lake anew without what tells who a person is.
type Eraser interface {
	// Erase writes the part In as Out. rows are those of Out, which is written only when changed is true.
	Erase(ctx context.Context, part ErasedPart) (rows int64, changed bool, err error)
	// Rows gives the rows of a person in Parquet files, as a JSON list of objects.
	Rows(ctx context.Context, part ErasedPart) ([]byte, error)
	// Remains tells what of a person is still in the part In: how many of the person's rows say who it is, and in how
	// many rows, of anybody, each of the texts is, in lower case.
	Remains(ctx context.Context, part ErasedPart, texts []string) (rows int64, found map[string]int64, err error)
}

// ErasedPart is a file of a table, and who is to be erased from it.
type ErasedPart struct {
	Personal *sqlfile.Personal
	Customer int64
	Orders   []uuid.UUID // of the customer
	Key      []string    // rows are written in this order, as the model does; none: in the order they have
	In, Out  string
}
