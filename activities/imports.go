package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/productfile"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// Imports takes products from CSV files.
type Imports struct {
	DB   *store.DB
	Keep time.Duration // how long an import is kept after its end; 0: for ever
}

// ImportProgress is how far an import has come.
type ImportProgress struct {
	Done     bool  `json:"done"`
	Percent  int64 `json:"percent"`
	Read     int64 `json:"read"`
	Created  int64 `json:"created"`
	Updated  int64 `json:"updated"`
	Rejected int64 `json:"rejected"`
}

const (
	importRows = 500             // of a batch, which is one transaction
	importTurn = 5 * time.Second // how long Take works before it tells how far it has come
)

// Take takes batch after batch from where the import stands, for a while. Asked twice for the same
// rows, it takes them once.
//
// A batch that the database refuses for what is in it is taken in halves, so that a row which nobody
// could tell is wrong is refused alone, and no import is tried for ever.
func (i *Imports) Take(ctx context.Context, id uuid.UUID) (ImportProgress, error) {
	defer heartbeat(ctx)()
	var reader *productfile.Reader
	most := importRows
	for began := time.Now(); ; {
		now, err := i.DB.Import(ctx, id, nil)
		if err != nil {
			return ImportProgress{}, err
		}
		if now.FinishedAt != nil || time.Since(began) > importTurn {
			return progressOf(now), nil
		}
		reader, err = i.batch(ctx, now, reader, most)
		switch {
		case err == nil:
			most = min(2*most, importRows)
		case isOfData(err) && most > 1:
			reader, most = nil, most/2
		default:
			return ImportProgress{}, err
		}
	}
}

// isOfData tells an error that comes again with the same rows: a value that its column cannot hold, or a
// constraint that it breaks.
func isOfData(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "22") || strings.HasPrefix(refused.Code, "23"))
}

func progressOf(now shopdb.CatalogImport) ImportProgress {
	return ImportProgress{
		Done: now.FinishedAt != nil, Percent: now.Position * 100 / max(1, now.Bytes),
		Read: now.RowsRead, Created: now.RowsCreated, Updated: now.RowsUpdated, Rejected: now.RowsRejected,
	}
}

// batch takes the next rows, at most so many; after the last, the import has succeeded. The reader that it
// returns stands where the next batch begins.
func (i *Imports) batch(ctx context.Context, now shopdb.CatalogImport, reader *productfile.Reader, most int) (*productfile.Reader, error) {
	if reader == nil {
		var err error
		reader, err = productfile.NewReader(i.DB.ImportFile(ctx, now.ID, 0, now.Bytes))
		if errors.Is(err, productfile.ErrHeader) {
			reason := err.Error()
			return nil, i.DB.FinishImport(ctx, shopdb.FinishImportParams{ID: now.ID, State: "failed", Error: &reason})
		}
		if err != nil {
			return nil, err
		}
		if now.Position > 0 {
			reader = reader.Header().Resume(i.DB.ImportFile(ctx, now.ID, now.Position, now.Bytes), now.Position, now.Line)
		}
	}
	rows, problems := []productfile.Row{}, []productfile.Problem{}
	for count := 0; count < most; count++ {
		row, wrong, err := reader.Next()
		if errors.Is(err, io.EOF) {
			if count == 0 {
				return nil, i.DB.FinishImport(ctx, shopdb.FinishImportParams{ID: now.ID, State: "succeeded"})
			}
			break
		}
		if err != nil {
			return nil, err
		}
		if len(wrong) == 0 {
			wrong = ofVendor(&row, now.VendorID)
		}
		if problems = append(problems, wrong...); len(wrong) == 0 {
			rows = append(rows, row)
		}
	}
	position, line := reader.Position()
	err := i.take(ctx, now, position, line, rows, problems)
	if len(rows) == 1 && most == 1 && isOfData(err) {
		refused := []productfile.Problem{{Line: rows[0].Line, Message: "the shop cannot keep what is in it"}}
		err = i.take(ctx, now, position, line, []productfile.Row{}, refused)
	}
	return reader, err
}

// ofVendor gives a row the vendor whom the import is for.
func ofVendor(row *productfile.Row, vendorID *int64) []productfile.Problem {
	switch {
	case row.VendorID == nil && vendorID == nil:
		return []productfile.Problem{{Line: row.Line, Field: "vendor_id", Message: "every row needs it in an import for no single vendor"}}
	case row.VendorID != nil && vendorID != nil && *row.VendorID != *vendorID:
		return []productfile.Problem{{Line: row.Line, Field: "vendor_id", Message: "the import is for another vendor"}}
	case row.VendorID == nil:
		row.VendorID = vendorID
	}
	return nil
}

func (i *Imports) take(
	ctx context.Context, now shopdb.CatalogImport, position, line int64, rows []productfile.Row, problems []productfile.Problem,
) error {
	taken, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	wrong, err := json.Marshal(problems)
	if err != nil {
		return err
	}
	err = i.DB.ImportBatch(ctx, shopdb.ImportBatchParams{
		ImportID: now.ID, FromPosition: now.Position, ToPosition: position, Line: line, Rows: taken, Errors: wrong,
	})
	if err != nil {
		return fmt.Errorf("import lines %d to %d: %w", now.Line, line, err)
	}
	return nil
}

// Forget takes away a batch of imports that are over for long enough, or whose senders died, and returns
// how many there were.
func (i *Imports) Forget(ctx context.Context) (int64, error) { return i.DB.ForgetImports(ctx, i.Keep) }
