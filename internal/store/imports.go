package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// partSize is how much of an import's file is kept in a row, in bytes.
const partSize = 1 << 20

// ErrFile is returned when a file that was to be kept could not be read to its end.
var ErrFile = errors.New("file could not be read")

// AddImport keeps a file to be imported, in one transaction and with one part of it in memory at a
// time. It fails with ErrFile or ErrUnknownVendor.
func (db *DB) AddImport(ctx context.Context, added shopdb.CreateImportParams, file io.Reader) error {
	return failed("add import", db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := q.CreateImport(ctx, added); err != nil {
			return err
		}
		var size int64
		part := make([]byte, 0, partSize)
		for ended := false; !ended; {
			n, err := file.Read(part[len(part):partSize])
			part = part[:len(part)+n]
			if ended = errors.Is(err, io.EOF); err != nil && !ended {
				return fmt.Errorf("%w: %w", ErrFile, err)
			}
			if len(part) == partSize || (ended && len(part) > 0) {
				if err := q.AddImportPart(ctx, shopdb.AddImportPartParams{ImportID: added.ID, Start: size, Content: part}); err != nil {
					return err
				}
				size += int64(len(part))
				part = part[:0]
			}
		}
		return q.CloseImportFile(ctx, shopdb.CloseImportFileParams{ID: added.ID, Bytes: size})
	}))
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
