package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

// OtherMigrations is returned for a database that was made with other versions of the migrations
// than this program has.
type OtherMigrations struct {
	Database string   // shop or warehouse
	Files    []string // that differ, or that only one of the two has
}

// Error implements error.
func (o *OtherMigrations) Error() string {
	return fmt.Sprintf("the database was made with other versions of %s. Before the first release migrations change in place, "+
		"and no way leads from one version to the other: stop Mercado, remove its home (MERCADO_HOME, by default .mercado) "+
		"or drop the database of the %s, and start again", strings.Join(o.Files, ", "), o.Database)
}

// What was applied is kept by its digest, since a file's number says nothing of its text.
const (
	lockDigests   = `select pg_advisory_xact_lock($1)`
	createDigests = `
		create table if not exists public.migration_digests (
			migrations text not null,
			version bigint not null,
			file text not null,
			digest text not null,
			primary key (migrations, version)
		)`
	digestsExist = `select to_regclass('public.migration_digests') is not null`
	readDigests  = `select version, file, digest from public.migration_digests where migrations = $1`
	keepDigest   = `
		insert into public.migration_digests (migrations, version, file, digest)
		values ($1, $2, $3, $4)
		on conflict (migrations, version) do update
		set file = excluded.file, digest = excluded.digest`
)

// checkDigests fails with an *OtherMigrations when the database was not made by exactly these
// files. With write, it keeps the digests of those that are about to be applied.
func checkDigests(ctx context.Context, url, name string, files fs.FS, statuses []*goose.MigrationStatus, write bool) error {
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(ctx) }()
	return pgx.BeginFunc(ctx, connection, func(tx pgx.Tx) error {
		if write {
			if _, err := tx.Exec(ctx, lockDigests, lockID[name]+1<<8); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, createDigests); err != nil {
				return err
			}
		}
		kept, err := keptDigests(ctx, tx, name)
		if err != nil {
			return err
		}
		other, pending, err := compareDigests(files, statuses, kept)
		if err != nil {
			return err
		}
		if len(other) > 0 {
			return &OtherMigrations{Database: name, Files: other}
		}
		for version, made := range pending {
			if !write {
				break
			}
			if _, err := tx.Exec(ctx, keepDigest, name, version, made.file, made.digest); err != nil {
				return err
			}
		}
		return nil
	})
}

// digested is one file as it was applied.
type digested struct{ file, digest string }

func keptDigests(ctx context.Context, tx pgx.Tx, name string) (map[int64]digested, error) {
	kept := map[int64]digested{}
	var exist bool
	if err := tx.QueryRow(ctx, digestsExist).Scan(&exist); err != nil || !exist {
		return kept, err
	}
	rows, err := tx.Query(ctx, readDigests, name)
	if err != nil {
		return nil, err
	}
	var version int64
	var one digested
	_, err = pgx.ForEachRow(rows, []any{&version, &one.file, &one.digest}, func() error {
		kept[version] = one
		return nil
	})
	return kept, err
}

// compareDigests tells which files the database has in another version, and which it lacks.
func compareDigests(files fs.FS, statuses []*goose.MigrationStatus, kept map[int64]digested) (other []string, pending map[int64]digested, err error) {
	pending = map[int64]digested{}
	var newest int64
	for _, status := range statuses {
		if status.State == goose.StateApplied {
			newest = max(newest, status.Source.Version)
		}
	}
	for _, status := range statuses {
		version, file := status.Source.Version, status.Source.Path
		content, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, nil, err
		}
		sum := sha256.Sum256(content)
		now := digested{file, hex.EncodeToString(sum[:])}
		applied := status.State == goose.StateApplied
		switch {
		case applied && kept[version] != now, !applied && version < newest:
			other = append(other, file)
		case !applied:
			pending[version] = now
		}
		delete(kept, version)
	}
	for _, unknown := range kept { // of files that this program does not have
		other = append(other, unknown.file)
	}
	slices.Sort(other)
	return other, pending, nil
}
