// Package duck runs models on DuckDB. It is the only package that links it.
//
// Every job has a database of its own, in memory and bounded, that may spill into the job's
// folder and reach nothing else: no other file, no network, no extension that is not linked in.
package duck

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/duckdb/duckdb-go/v2"

	"mercado/internal/lake/model"
	"mercado/internal/settings"
)

// Engine runs one job at a time, so that the memory limit is that of the process.
type Engine struct {
	memory  string
	threads int
	maskKey []byte
	turn    chan struct{}
}

// New returns an engine within the bounds of the settings.
func New(s settings.Lake) *Engine {
	return &Engine{memory: s.MemoryLimit, threads: s.Threads, maskKey: []byte(s.MaskKey), turn: make(chan struct{}, 1)}
}

// Version implements model.Engine. The key of masked data is part of it, as a digest.
func (e *Engine) Version() string {
	return "duckdb 1.5.5 mask " + e.mask("version")[:12]
}

// Run implements model.Engine.
func (e *Engine) Run(ctx context.Context, job model.Job) (result *model.Result, err error) {
	err = e.inDatabase(ctx, job, func(r *running) (err error) {
		if job.Began != nil {
			job.Began()
		}
		result, err = r.run(ctx)
		return err
	})
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err() // DuckDB says INTERRUPT
	}
	return result, err
}

// inDatabase gives do a database of the job's own when it is its turn.
func (e *Engine) inDatabase(ctx context.Context, job model.Job, do func(*running) error) (err error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	spill, err := os.MkdirTemp(job.Folder, "spill-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(spill)) }()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return fmt.Errorf("start DuckDB: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	connection, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("start DuckDB: %w", err)
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	if err := duckdb.RegisterScalarUDF(connection, "mask_email", &maskEmail{e}); err != nil {
		return fmt.Errorf("start DuckDB: %w", err)
	}
	running := &running{connection: connection, job: job}
	if err := running.execute(ctx, "configure", bounds{
		Memory: e.memory, Threads: e.threads, Spill: spill, Folders: running.folders(),
	}); err != nil {
		return fmt.Errorf("start DuckDB: %w", err)
	}
	return e.full(do(running))
}

// full tells err of what is full when DuckDB has no memory left: what a job may have, as a *model.MemoryError, or the disk
// that it spills to, as ENOSPC.
func (e *Engine) full(err error) error {
	var said *duckdb.Error
	if !errors.As(err, &said) || said.Type != duckdb.ErrorTypeOutOfMemory {
		return err
	}
	if strings.Contains(said.Msg, "max_temp_directory_size") { // nine tenths of what the disk had left
		return fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	return &model.MemoryError{Limit: e.memory, Err: err}
}

type bounds struct {
	Memory  string
	Threads int
	Spill   string
	Folders []string
}

// folders are all that the database may read and write.
func (r *running) folders() []string {
	folders := []string{r.job.Folder}
	seen := map[string]bool{r.job.Folder: true}
	for _, files := range r.job.Inputs {
		for _, file := range files {
			if folder := filepath.Dir(file); !seen[folder] {
				seen[folder] = true
				folders = append(folders, folder)
			}
		}
	}
	return folders
}

// maskEmail is the function mask_email(text) of the models.
type maskEmail struct{ engine *Engine }

// Config implements duckdb.ScalarFunc.
func (*maskEmail) Config() duckdb.ScalarFuncConfig {
	text, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		panic(err) // VARCHAR needs no more to be said
	}
	return duckdb.ScalarFuncConfig{InputTypeInfos: []duckdb.TypeInfo{text}, ResultTypeInfo: text}
}

// Executor implements duckdb.ScalarFunc.
func (m *maskEmail) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		return m.engine.mask(values[0].(string)), nil
	}}
}

func (e *Engine) mask(text string) string {
	hash := hmac.New(sha256.New, e.maskKey)
	hash.Write([]byte(text))
	return hex.EncodeToString(hash.Sum(nil))
}
