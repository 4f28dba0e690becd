package etl

import (
	"context"
	"fmt"
	"path/filepath"

	"mercado/internal/lake"
	"mercado/internal/warehouse"
)

// EraseWarehouse puts the customer's rows in the warehouse as zone gold has them now, and has versions name what their
// parts have become. What runs have staged goes. It returns how many rows the customer has.
func (a *Activities) EraseWarehouse(ctx context.Context, request ErasureRequest) (rows int64, err error) {
	_, stop := beat(ctx)
	defer stop()
	erasure := warehouse.Erasure{Customer: request.CustomerID}
	contents, err := a.Shop.ErasedContents(ctx, request.CustomerID)
	if err != nil {
		return 0, fmt.Errorf("look what was erased: %w", err)
	}
	for _, content := range contents {
		erasure.Contents = append(erasure.Contents, warehouse.ErasedContent{Table: content.TableName, Was: content.Was, Content: content.Content})
	}
	persons, err := a.persons()
	if err != nil {
		return 0, err
	}
	for _, person := range persons {
		if person.table.Zone != lake.Gold {
			continue
		}
		theirs, err := a.standingRows(ctx, request, person)
		if err != nil {
			return 0, classify(a.advise(err))
		}
		if theirs != nil {
			erasure.Rows = append(erasure.Rows, warehouse.ErasedRows{Table: person.table.Name, Column: person.personal.Column, Rows: theirs})
		}
	}
	return a.Warehouse.Erase(ctx, erasure)
}

// standingRows are the customer's rows of what stands of a table in the warehouse; nil when nothing does.
func (a *Activities) standingRows(ctx context.Context, request ErasureRequest, person personTable) (rows []byte, err error) {
	run, execution, err := a.Warehouse.StandingOf(ctx, person.table.Name)
	if err != nil || run == nil {
		return nil, err
	}
	manifest, err := a.Store.Manifest(ctx, lake.Output{Zone: lake.Gold, Table: person.table.Name, RunID: run.String(), Execution: execution})
	if err != nil {
		return nil, err
	}
	err = a.inScratch("erase-warehouse-", func(folder string) error {
		files, err := download(ctx, a.Store, lake.Gold, manifest.Parts, filepath.Join(folder, "in"))
		if err != nil {
			return err
		}
		if len(files) != 1 {
			return fmt.Errorf("%s has %d parts, want one", manifest.Output, len(files))
		}
		rows, err = a.Engine.Rows(ctx, person.part(request.CustomerID, erasedFromShop{}, files[0], ""))
		return err
	})
	return rows, err
}
