package model

import (
	"context"
	"fmt"
	"strings"

	"mercado/internal/lake"
)

// Engine runs models. Two runs of the same job write the same bytes.
type Engine interface {
	Eraser
	Run(ctx context.Context, job Job) (*Result, error)
	Version() string // part of what determines the bytes
}

// Job is a model with everything it may read: files on this machine and the run's days.
type Job struct {
	Model      *Model
	Inputs     map[Table][]string // Parquet files of each table the model reads
	Within     map[string]Within  // of files of which only some days are read, by path
	Described  map[Table][]Column // columns, with types, of tables that may have no files yet, or files from before a column came
	Days       map[string][]lake.Span
	Interval   lake.Span
	Parameters lake.Parameters
	Folder     string // where the results go; exists and is empty
	Began      func() // told when the job has its turn, if not nil
}

// Within is the days that a file is read for.
type Within struct {
	Column string // of type timestamptz
	Days   []lake.Span
}

// Result is what a job wrote.
type Result struct {
	Columns    []lake.Column
	Files      []File
	Control    lake.Totals // of what the query gave, before it was written to the files
	Quarantine []File
	Rules      map[string]int64 // rows in quarantine by rule
	Warnings   map[string]int64 // rows that fail a check of severity warn
}

// File is a Parquet file of one partition.
type File struct {
	Path string
	Date string // a day or a month
	lake.Totals
}

// CheckError tells of checks of severity error that rows of zone work or gold fail. The data or
// the models must change before trying again helps.
type CheckError struct {
	Model    Table
	Failures map[string]int64 // rows by check
}

func (e *CheckError) Error() string {
	var failures []string
	for name, rows := range e.Failures {
		failures = append(failures, fmt.Sprintf("%s (%d rows)", name, rows))
	}
	return fmt.Sprintf("%s fails its checks: %s", e.Model, strings.Join(failures, ", "))
}

// MemoryError tells of a job that does not fit into the memory an engine may use, nor can be spilled. More of it must
// be given before trying again helps.
type MemoryError struct {
	Limit string // such as 256MiB
	Err   error
}

func (e *MemoryError) Error() string {
	said, _, _ := strings.Cut(e.Err.Error(), "\n") // the engine's advice is not for who runs a worker
	return fmt.Sprintf("%s (%s is not enough for it: raise MERCADO_LAKE_MEMORY)", said, e.Limit)
}

func (e *MemoryError) Unwrap() error { return e.Err }
