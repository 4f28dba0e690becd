package store

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"mercado/internal/money"
	"mercado/internal/store/shopdb"
	"mercado/sql/reference"
)

// TaxRate is the tax on goods that go to a country, or to one region of it.
type TaxRate struct {
	Country     string  `json:"country"`
	Region      string  `json:"region"` // empty: wherever no other rate of the country counts
	RatePercent float64 `json:"rate_percent"`
}

// ShippingZone is what shipping to some countries costs.
type ShippingZone struct {
	Zone        string         `json:"zone"`
	TransitDays int            `json:"transit_days"`
	Countries   []string       `json:"countries"`
	Rates       []ShippingRate `json:"rates"`
}

// ShippingRate is the price of an order up to a weight, and nothing from FreeFrom on.
type ShippingRate struct {
	UpToKg   float64       `json:"up_to_kg"`
	Price    money.Amount  `json:"price"`
	FreeFrom *money.Amount `json:"free_from"` // of the goods after discount; nil: never free
}

// TaxRates lists all rates, by country and region.
func (db *DB) TaxRates(ctx context.Context) ([]TaxRate, error) {
	table, err := db.TaxTable(ctx)
	if err != nil {
		return nil, failed("read tax rates", err)
	}
	var rates []TaxRate
	err = json.Unmarshal(table, &rates)
	return rates, err
}

// ReplaceTaxRates puts rates in the place of all there were.
func (db *DB) ReplaceTaxRates(ctx context.Context, rates []TaxRate) error {
	table, err := json.Marshal(rates)
	if err != nil {
		return err
	}
	return failed("replace tax rates", db.ReplaceTaxTable(ctx, shopdb.ReplaceTaxTableParams{Rates: table}))
}

// ShippingZones lists all zones, by name, with their rates by weight.
func (db *DB) ShippingZones(ctx context.Context) ([]ShippingZone, error) {
	table, err := db.ShippingTable(ctx)
	if err != nil {
		return nil, failed("read shipping zones", err)
	}
	var zones []ShippingZone
	err = json.Unmarshal(table, &zones)
	return zones, err
}

// ReplaceShippingZones puts zones in the place of all there were.
func (db *DB) ReplaceShippingZones(ctx context.Context, zones []ShippingZone) error {
	table, err := json.Marshal(zones)
	if err != nil {
		return err
	}
	return failed("replace shipping zones", db.ReplaceShippingTable(ctx, shopdb.ReplaceShippingTableParams{Zones: table}))
}

// fillReference gives a shop its tables of tax and shipping where it has none.
func fillReference(ctx context.Context, url string) error {
	rates, err := referenceTaxRates()
	if err != nil {
		return err
	}
	zones, err := referenceShippingZones()
	if err != nil {
		return err
	}
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("fill reference data: %w", err)
	}
	defer func() { _ = connection.Close(ctx) }()
	queries := shopdb.New(connection)
	err = queries.ReplaceTaxTable(ctx, shopdb.ReplaceTaxTableParams{Rates: rates, OnlyWhenEmpty: true})
	if err != nil {
		return fmt.Errorf("fill tax rates: %w", err)
	}
	err = queries.ReplaceShippingTable(ctx, shopdb.ReplaceShippingTableParams{Zones: zones, OnlyWhenEmpty: true})
	if err != nil {
		return fmt.Errorf("fill shipping rates: %w", err)
	}
	return nil
}

func referenceTaxRates() (json.RawMessage, error) {
	var rates []TaxRate
	err := eachRow("tax_rates.csv", func(row []string) error {
		percent, err := strconv.ParseFloat(row[2], 64)
		rates = append(rates, TaxRate{Country: row[0], Region: row[1], RatePercent: percent})
		return err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(rates)
}

func referenceShippingZones() (json.RawMessage, error) {
	var zones []ShippingZone
	err := eachRow("shipping_zones.csv", func(row []string) error {
		days, err := strconv.Atoi(row[1])
		zones = append(zones, ShippingZone{Zone: row[0], TransitDays: days, Countries: strings.Fields(row[2])})
		return err
	})
	if err != nil {
		return nil, err
	}
	err = eachRow("shipping_rates.csv", func(row []string) error {
		rate, err := referenceShippingRate(row)
		for i := range zones {
			if zones[i].Zone == row[0] {
				zones[i].Rates = append(zones[i].Rates, rate)
				return err
			}
		}
		return errors.Join(err, fmt.Errorf("no zone %q", row[0]))
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(zones)
}

func referenceShippingRate(row []string) (ShippingRate, error) {
	weight, err := strconv.ParseFloat(row[1], 64)
	if err != nil {
		return ShippingRate{}, err
	}
	rate := ShippingRate{UpToKg: weight}
	if rate.Price, err = money.Parse(row[2]); err != nil || row[3] == "" {
		return rate, err
	}
	free, err := money.Parse(row[3])
	rate.FreeFrom = &free
	return rate, err
}

// eachRow reads a file of reference data, without its header.
func eachRow(name string, read func(row []string) error) error {
	file, err := reference.Files.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i, row := range rows[1:] {
		if err := read(row); err != nil {
			return fmt.Errorf("%s, row %d: %w", name, i+1, err)
		}
	}
	return nil
}
