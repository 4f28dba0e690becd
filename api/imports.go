package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

const importsPath = "/api/catalog/imports"

// What an import may be, and how many of one vendor, or of the operators, may not have ended.
const (
	maxUpload      = 64 << 20 // bytes
	maxUploadLines = 500_000
	maxImports     = 5
)

// imports serves the loading of products from files.
func (a *API) imports() {
	register(a, operation{
		id: "import-products", method: http.MethodPost, path: importsPath,
		summary: "Import products from CSV", tag: "imports", status: http.StatusAccepted,
		about: "The body is CSV (RFC 4180, UTF-8) of at most 64 MiB and 500,000 lines with a header that names its columns, in any order: `" +
			"vendor_id, sku, item_name, description, category_id, category, brand, model, price, cost, stock, weight_kg, dimensions, " +
			"launch_date, attributes, is_active`. A row changes the vendor's product of its `sku`, in what the file has columns for, or " +
			"makes one; `stock` is the opening stock of a new product and means nothing for another. Rows are taken in the background: " +
			"every bad one is reported with its line (`GET /api/catalog/imports/{id}`), good ones are loaded. A vendor imports products of their own, and has at most " +
			"five imports that have not ended.",
		permission: auth.ImportProducts, problems: []code{notFound, unknownReference, importTooLarge, importTooLong, tooManyImports}, upload: "text/csv",
	}, a.importProducts)
	register(a, operation{
		id: "list-imports", method: http.MethodGet, path: importsPath,
		summary: "List imports, newest first", tag: "imports",
		permission: auth.ImportProducts, problems: []code{invalidCursor},
	}, a.listImports)
	register(a, operation{
		id: "get-import", method: http.MethodGet, path: importsPath + "/{id}",
		summary: "Show how far an import has come, and what is wrong with its rows", tag: "imports",
		about: "`items` are the problems of all bad rows by line, page by page, as long as the import is kept; while it runs, " +
			"those of the rows so far.",
		permission: auth.ImportProducts, problems: []code{notFound, invalidCursor},
	}, a.getImport)
}

// ProductImport is how far an import has come.
type ProductImport struct {
	ID           uuid.UUID  `json:"id"`
	VendorID     *int64     `json:"vendor_id" doc:"null where rows name their vendor."`
	DryRun       bool       `json:"dry_run" doc:"Nothing is written; the counts say what would be."`
	State        string     `json:"state" enum:"queued,running,succeeded,failed"`
	Error        *string    `json:"error" doc:"Why it failed: what is wrong with the header."`
	Percent      int64      `json:"percent" minimum:"0" maximum:"100" doc:"Of the file."`
	RowsRead     int64      `json:"rows_read"`
	RowsCreated  int64      `json:"rows_created"`
	RowsUpdated  int64      `json:"rows_updated"`
	RowsRejected int64      `json:"rows_rejected"`
	Problems     int64      `json:"problems" doc:"That were found with its rows; a row may have several."`
	CreatedAt    time.Time  `json:"created_at"`
	FinishedAt   *time.Time `json:"finished_at"`
}

// RowProblem is what is wrong with a line of a file.
type RowProblem struct {
	Line    int64  `json:"line" doc:"Of the file; its header is line 1."`
	Field   string `json:"field" doc:"The column; empty for the whole row."`
	Message string `json:"message"`
}

func importOf(row shopdb.CatalogImport) ProductImport {
	return ProductImport{
		ID: row.ID, VendorID: row.VendorID, DryRun: row.DryRun, State: row.State, Error: row.Error,
		Percent: row.Position * 100 / max(1, row.Bytes), RowsRead: row.RowsRead, RowsCreated: row.RowsCreated,
		RowsUpdated: row.RowsUpdated, RowsRejected: row.RowsRejected, Problems: row.ProblemsFound, CreatedAt: row.CreatedAt.UTC(), FinishedAt: row.FinishedAt,
	}
}

type importInput struct {
	DryRun   bool            `query:"dry_run" doc:"Reports what the import would do."`
	VendorID optional[int64] `query:"vendor_id" minimum:"1" doc:"For operators: whose products these are, where rows do not say."`

	body  io.Reader
	media string
}

// Resolve implements huma.Resolver: the body is read as it comes, and never whole.
func (in *importInput) Resolve(ctx huma.Context) []error {
	in.body, in.media = ctx.BodyReader(), ctx.Header("Content-Type")
	return nil
}

type importOutput struct {
	Location string `header:"Location"`
	Body     ProductImport
}

func (a *API) importProducts(ctx context.Context, in *importInput) (*importOutput, error) {
	if media, _, err := mime.ParseMediaType(in.media); err != nil || media != "text/csv" {
		return nil, problem(unsupportedMediaType)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	vendorID := ownVendor(ctx)
	if vendorID == nil {
		vendorID = in.VendorID.value()
	} else if named := in.VendorID.value(); named != nil && *named != *vendorID {
		return nil, problem(notFound)
	}
	err = a.DB.AddImport(ctx, store.NewImport{
		ID: id, VendorID: vendorID, DryRun: in.DryRun, Unfinished: maxImports, Lines: maxUploadLines,
	}, in.body)
	var tooLarge *http.MaxBytesError
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout() && errors.Is(err, store.ErrFile):
		return nil, problem(bodyTimeout)
	case errors.As(err, &tooLarge):
		return nil, problem(importTooLarge)
	case errors.Is(err, store.ErrFile):
		return nil, problem(malformedBody)
	case errors.Is(err, store.ErrUnknownVendor):
		return nil, unknown("query.vendor_id", "no such vendor")
	case err != nil:
		return nil, err
	}
	// Should this fail, a worker finds the import and starts it.
	if _, err := workflows.StartImport(ctx, a.Temporal, a.Workflow.TaskQueuePrefix+workflows.OrdersQueue, id); err != nil {
		a.Log.WarnContext(ctx, "an import is left to the workers", "import", id, "error", err)
	}
	row, err := a.DB.Import(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	return &importOutput{Location: importsPath + "/" + id.String(), Body: importOf(row)}, nil
}

type importsOutput struct {
	Body List[ProductImport]
}

func (a *API) listImports(ctx context.Context, in *Page) (*importsOutput, error) {
	var before *uuid.UUID
	if err := in.after(&before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListImports(ctx, shopdb.ListImportsParams{VendorID: ownVendor(ctx), BeforeID: before, RowLimit: in.fetch()})
	if err != nil {
		return nil, err
	}
	return &importsOutput{paged(*in, rows, importOf, func(row shopdb.CatalogImport) any { return row.ID })}, nil
}

type getImportInput struct {
	ID uuid.UUID `path:"id"`
	Page
}

type getImportOutput struct {
	Body struct {
		ProductImport
		List[RowProblem]
	} `nameHint:"ImportReport"`
}

func (a *API) getImport(ctx context.Context, in *getImportInput) (*getImportOutput, error) {
	found, err := a.DB.Import(ctx, in.ID, ownVendor(ctx))
	if err != nil {
		return nil, err
	}
	asked := shopdb.ListImportProblemsParams{ImportID: in.ID, RowLimit: in.fetch()}
	var after *RowProblem
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil {
		asked.AfterLine, asked.AfterField, asked.AfterMessage = &after.Line, &after.Field, &after.Message
	}
	rows, err := a.DB.ListImportProblems(ctx, asked)
	if err != nil {
		return nil, err
	}
	show := func(row shopdb.ListImportProblemsRow) RowProblem {
		return RowProblem{Line: row.Line, Field: row.Field, Message: row.Message}
	}
	out := &getImportOutput{}
	out.Body.ProductImport = importOf(found)
	out.Body.List = paged(in.Page, rows, show, func(row shopdb.ListImportProblemsRow) any { return show(row) })
	return out, nil
}
