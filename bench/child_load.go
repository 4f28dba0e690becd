package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/warehouse"
	"mercado/internal/warehouse/warehousedb"
)

// ready puts the rows of gold sales where load and copyIn find them: in Parquet, and as COPY wrote them.
func (w *work) ready(ctx context.Context) (_ done, err error) {
	objects, err := lake.Open(w.Objects)
	if err != nil {
		return done{}, err
	}
	manifest, err := objects.Manifest(ctx, lake.Output{Zone: lake.Gold, Table: "sales", RunID: w.Run.String(), Execution: 1})
	if err != nil {
		return done{}, err
	}
	for i, part := range manifest.Parts {
		path := filepath.Join(w.Scratch, fmt.Sprintf("sales-%05d.parquet", i))
		if err := objects.Download(ctx, lake.Gold, part, path); err != nil {
			return done{}, err
		}
	}
	connection, err := pgx.Connect(ctx, w.Database)
	if err != nil {
		return done{}, err
	}
	defer func() { err = errors.Join(err, connection.Close(ctx)) }()
	file, err := os.Create(filepath.Join(w.Scratch, copiedSales))
	if err != nil {
		return done{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	tag, err := connection.PgConn().CopyTo(ctx, file, copyOut("select * from warehouse.sales"))
	return done{Rows: tag.RowsAffected()}, err
}

const copiedSales = "sales.copy"

func (w *work) load(ctx context.Context) (done, error) {
	files, err := filepath.Glob(filepath.Join(w.Scratch, "sales-*.parquet"))
	if err != nil {
		return done{}, err
	}
	db, err := warehouse.Open(ctx, settings.Warehouse{URL: w.Database, LockTimeout: 10 * time.Second})
	if err != nil {
		return done{}, err
	}
	defer db.Close()
	run := uuid.New()
	began := time.Now()
	rows, err := db.Stage(ctx, "sales", run, 1, files, func(int64) {})
	took := time.Since(began)
	if err != nil {
		return done{}, err
	}
	_, err = db.SweepStaging(ctx, warehousedb.SweepStagingParams{RunID: run})
	return done{Rows: rows, Seconds: took.Seconds()}, err
}

func (w *work) copyIn(ctx context.Context) (_ done, err error) {
	connection, err := pgx.Connect(ctx, w.Database)
	if err != nil {
		return done{}, err
	}
	defer func() { err = errors.Join(err, connection.Close(ctx)) }()
	file, err := os.Open(filepath.Join(w.Scratch, copiedSales))
	if err != nil {
		return done{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	// In the transaction that makes the table, as staging is filled.
	tx, err := connection.Begin(ctx)
	if err != nil {
		return done{}, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	began := time.Now()
	if _, err := tx.Exec(ctx, "create table staging.alike (like warehouse.sales)"); err != nil {
		return done{}, err
	}
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, file, "copy staging.alike from stdin (format binary)")
	if err != nil {
		return done{}, err
	}
	if err := tx.Commit(ctx); err != nil {
		return done{}, err
	}
	took := time.Since(began)
	_, err = connection.Exec(ctx, "drop table staging.alike")
	return done{Rows: tag.RowsAffected(), Seconds: took.Seconds()}, err
}
