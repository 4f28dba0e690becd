package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// partSize is how much of an import's file is kept in a row, in bytes.
const partSize = 1 << 20

// Why a file is not kept.
var (
	ErrFile           = errors.New("file could not be read")
	ErrFileTooLong    = errors.New("file has more lines than an import takes")
	ErrTooManyImports = errors.New("as many imports as there may be have not ended")
)

// NewImport is what is asked of a file of products.
type NewImport struct {
	ID         uuid.UUID
	VendorID   *int64 // nil: rows name their vendor
	DryRun     bool
	Unfinished int64 // most imports of one owner that have not ended, this one included
	Lines      int64 // most of the file; 0: any number
}

// forgetPatience bounds taking away what was received of a file, after its sender has gone.
const forgetPatience = 5 * time.Second

// AddImport keeps a file to be imported. It holds no connection to the database while it waits for the
// file, and one part of it in memory at a time. A file that is not kept whole is not kept at all; what is
// left when this process dies is taken away by ForgetImports. It fails with ErrFile, ErrFileTooLong,
// ErrTooManyImports or ErrUnknownVendor.
func (db *DB) AddImport(ctx context.Context, added NewImport, file io.Reader) error {
	err := db.BeginImport(ctx, shopdb.BeginImportParams{
		ID: added.ID, VendorID: added.VendorID, DryRun: added.DryRun, MostUnfinished: added.Unfinished,
	})
	if err != nil {
		return failed("begin import", err)
	}
	if err = db.receive(ctx, added, file); err != nil {
		forgetting, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetPatience)
		defer cancel()
		err = errors.Join(err, failed("forget import", db.ForgetImport(forgetting, added.ID)))
	}
	return failed("add import", err)
}

// receive keeps a file part by part, each in a transaction of its own.
func (db *DB) receive(ctx context.Context, added NewImport, file io.Reader) error {
	var size, lines int64
	part := make([]byte, 0, partSize)
	for ended := false; !ended; {
		n, err := file.Read(part[len(part):partSize])
		lines += int64(bytes.Count(part[len(part):len(part)+n], []byte("\n")))
		part = part[:len(part)+n]
		if ended = errors.Is(err, io.EOF); err != nil && !ended {
			return fmt.Errorf("%w: %w", ErrFile, err)
		}
		if added.Lines > 0 && lines > added.Lines {
			return ErrFileTooLong
		}
		if len(part) < partSize && (!ended || len(part) == 0) {
			continue
		}
		kept, err := db.AddImportPart(ctx, shopdb.AddImportPartParams{ImportID: added.ID, Start: size, Content: part})
		if err != nil {
			return err
		}
		if kept == 0 {
			return fmt.Errorf("%w: nothing came of it for too long", ErrFile)
		}
		size += int64(len(part))
		part = part[:0]
	}
	if size == 0 {
		return fmt.Errorf("%w: it is empty", ErrFile)
	}
	queued, err := db.QueueImport(ctx, added.ID)
	if err == nil && queued == 0 {
		return fmt.Errorf("%w: nothing came of it for too long", ErrFile)
	}
	return err
}

// How long a file may say nothing before it counts as abandoned, and how many imports are forgotten in
// one transaction.
const (
	abandonedAfter  = time.Hour
	forgottenAtOnce = 50
)

// ForgetImports takes away imports whose senders died, and, unless keep is 0, those that ended longer
// ago than keep; at most a hundred, whose number it returns.
func (db *DB) ForgetImports(ctx context.Context, keep time.Duration) (int64, error) {
	abandoned, err := db.ForgetAbandonedImports(ctx, shopdb.ForgetAbandonedImportsParams{
		OlderThanSeconds: abandonedAfter.Seconds(), Most: forgottenAtOnce,
	})
	if err != nil || keep == 0 {
		return abandoned, failed("forget abandoned imports", err)
	}
	finished, err := db.ForgetFinishedImports(ctx, shopdb.ForgetFinishedImportsParams{
		OlderThanSeconds: keep.Seconds(), Most: forgottenAtOnce,
	})
	return abandoned + finished, failed("forget finished imports", err)
}

// Import fails with ErrNotFound; vendorID restricts to imports of the vendor, unless it is nil.
func (db *DB) Import(ctx context.Context, id uuid.UUID, vendorID *int64) (shopdb.CatalogImport, error) {
	found, err := db.GetImport(ctx, shopdb.GetImportParams{ID: id, VendorID: vendorID})
	return found, failed("get import", err)
}

// ImportFile reads the file of an import from a position on.
func (db *DB) ImportFile(ctx context.Context, id uuid.UUID, from, bytes int64) io.Reader {
	return &importFile{ctx: ctx, db: db, id: id, at: from, bytes: bytes}
}

type importFile struct {
	ctx       context.Context
	db        *DB
	id        uuid.UUID
	at, bytes int64
	part      []byte
}

// Read implements io.Reader.
func (f *importFile) Read(into []byte) (int, error) {
	if len(f.part) == 0 {
		if f.at >= f.bytes {
			return 0, io.EOF
		}
		part, err := f.db.ImportPart(f.ctx, shopdb.ImportPartParams{ImportID: f.id, Position: f.at})
		if err != nil {
			return 0, failed("read part of import", err)
		}
		f.part = part.Content[f.at-part.Start:]
	}
	n := copy(into, f.part)
	f.part, f.at = f.part[n:], f.at+int64(n)
	return n, nil
}
