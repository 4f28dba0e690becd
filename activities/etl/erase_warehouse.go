package etl

import (
	"context"
	"fmt"
	"path/filepath"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/warehouse"
)

// ErasedWarehouse is what became of the warehouse.
type ErasedWarehouse struct {
	Rows     int64    `json:"rows"`     // of the customer
	Problems []string `json:"problems"` // objects of what stands that cannot be used
}

// EraseWarehouse puts the customer's rows in the warehouse as zone gold has them now, and has versions name what their
// parts have become. Where the object that stands cannot be used, the rows become what the table's header says, and
// the object is named. What runs have staged goes.
func (a *Activities) EraseWarehouse(ctx context.Context, request ErasureRequest) (*ErasedWarehouse, error) {
	_, stop := beat(ctx)
	defer stop()
	erasure := warehouse.Erasure{Customer: request.CustomerID}
	contents, err := a.Shop.ErasedContents(ctx, request.CustomerID)
	if err != nil {
		return nil, fmt.Errorf("look what was erased: %w", err)
	}
	for _, content := range contents {
		erasure.Contents = append(erasure.Contents, warehouse.ErasedContent{Table: content.TableName, Was: content.Was, Content: content.Content})
	}
	persons, err := a.persons()
	if err != nil {
		return nil, err
	}
	erased := &ErasedWarehouse{Problems: []string{}}
	for _, person := range persons {
		if person.table.Zone != lake.Gold {
			continue
		}
		theirs, problem, err := a.standingRows(ctx, request, person)
		if err != nil {
			return nil, classify(a.advise(err))
		}
		if problem != "" {
			erased.Problems = append(erased.Problems, problem)
		}
		if theirs != nil {
			erasure.Rows = append(erasure.Rows, warehouse.ErasedRows{Table: person.table.Name, Column: person.personal.Column, Rows: theirs})
		}
	}
	erased.Rows, err = a.Warehouse.Erase(ctx, erasure)
	return erased, err
}

// standingRows are the customer's rows of what stands of a table in the warehouse; nil when nothing does. A problem
// names the object that they should have come from.
func (a *Activities) standingRows(ctx context.Context, request ErasureRequest, person personTable) (rows []byte, problem string, err error) {
	run, execution, err := a.Warehouse.StandingOf(ctx, person.table.Name)
	if err != nil || run == nil {
		return nil, "", err
	}
	standing := lake.Output{Zone: lake.Gold, Table: person.table.Name, RunID: run.String(), Execution: execution}
	err = a.inScratch("erase-warehouse-", func(folder string) (err error) {
		part := person.part(request.CustomerID, erasedFromShop{}, filepath.Join(folder, "none"), "")
		if rows, err = a.rowsInGold(ctx, standing, folder, part); err == nil {
			return nil
		}
		lost := lostObject(err)
		if lost == nil {
			return err
		}
		part.Given = &model.GivenRows{}
		if part.Given.Columns, part.Given.Rows, err = a.Warehouse.RowsOf(ctx, person.table.Name, person.personal.Column, request.CustomerID); err != nil {
			return err
		}
		if rows, err = a.Engine.Rows(ctx, part); err == nil && string(rows) != "[]" {
			problem = fmt.Sprintf("%s; what stands of %s in the warehouse is from it, and was erased without it: "+
				"mercado etl replay %s --from gold --recompute, and erase again", lost, person.table.Name, run)
		}
		return err
	})
	return rows, problem, err
}

// rowsInGold are the customer's rows in what an execution has made of a table. A part that cannot be read is an
// *lake.ObjectError.
func (a *Activities) rowsInGold(ctx context.Context, made lake.Output, folder string, part model.ErasedPart) ([]byte, error) {
	manifest, err := a.Store.Manifest(ctx, made)
	if err != nil {
		return nil, err
	}
	files, err := download(ctx, a.Store, lake.Gold, manifest.Parts, filepath.Join(folder, "in"))
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("%s has %d parts, want one", manifest.Output, len(files))
	}
	part.In = files[0]
	rows, err := a.Engine.Rows(ctx, part)
	if is[*model.UnusablePart](err) {
		return nil, &lake.ObjectError{Bucket: a.Store.Bucket(lake.Gold), Key: manifest.Parts[0].Key, Damaged: true, Problem: "cannot be read as a part of its table"}
	}
	return rows, err
}
