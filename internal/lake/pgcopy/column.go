// Package pgcopy turns what Postgres sends for COPY … TO STDOUT (FORMAT binary) into Parquet,
// and Parquet into what COPY … FROM STDIN (FORMAT binary) takes, column by column and without a
// Go value per field.
//
//	Postgres                      Parquet
//	smallint, integer             INT32
//	bigint, xid8                  INT64
//	numeric(p ≤ 18, s)            INT64 DECIMAL(18, s): whole units of the last digit, so cents for money
//	boolean                       BOOLEAN
//	date                          INT32 DATE
//	timestamptz                   INT64 TIMESTAMP(MICROS, UTC)
//	uuid                          FIXED_LEN_BYTE_ARRAY(16) UUID
//	text, varchar, char(n)        BYTE_ARRAY STRING
//	json, jsonb                   BYTE_ARRAY STRING
package pgcopy

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/parquet-go/parquet-go"
)

// Kind is how a column is laid out, in Postgres' binary format and in Parquet.
type Kind uint8

// The kinds of columns.
const (
	Int16 Kind = iota + 1
	Int32
	Int64
	Numeric
	Bool
	Date
	Timestamp
	UUID
	Text
	JSONB
)

var kindOfOID = map[uint32]Kind{
	pgtype.Int2OID: Int16, pgtype.Int4OID: Int32, pgtype.Int8OID: Int64, pgtype.XID8OID: Int64,
	pgtype.NumericOID: Numeric, pgtype.BoolOID: Bool, pgtype.DateOID: Date,
	pgtype.TimestamptzOID: Timestamp, pgtype.UUIDOID: UUID, pgtype.TextOID: Text,
	pgtype.VarcharOID: Text, pgtype.BPCharOID: Text, pgtype.JSONOID: Text, pgtype.JSONBOID: JSONB,
}

var nameOfOID = map[uint32]string{
	pgtype.Int2OID: "smallint", pgtype.Int4OID: "integer", pgtype.Int8OID: "bigint", pgtype.XID8OID: "xid8",
	pgtype.BoolOID: "boolean", pgtype.DateOID: "date", pgtype.TimestamptzOID: "timestamptz",
	pgtype.UUIDOID: "uuid", pgtype.TextOID: "text", pgtype.VarcharOID: "varchar", pgtype.BPCharOID: "char",
	pgtype.JSONOID: "json", pgtype.JSONBOID: "jsonb",
}

// Column is a column of a query or table in Postgres.
type Column struct {
	Name  string
	Kind  Kind
	Scale int    // digits after the point, of a Numeric
	Type  string // Postgres' name of the type

	Unsummed bool // nobody asks for its sum, which may not fit into 64 bits
}

// Columns reads the description of a prepared statement. It fails on a type the table above
// does not have.
func Columns(fields []pgconn.FieldDescription) ([]Column, error) {
	columns := make([]Column, len(fields))
	for i, field := range fields {
		var err error
		if columns[i], err = ColumnOf(field); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// ColumnOf reads the description of one column, as Columns does.
func ColumnOf(field pgconn.FieldDescription) (Column, error) {
	kind, known := kindOfOID[field.DataTypeOID]
	if !known {
		return Column{}, fmt.Errorf("column %s: type with oid %d cannot be copied", field.Name, field.DataTypeOID)
	}
	column := Column{Name: field.Name, Kind: kind, Type: nameOfOID[field.DataTypeOID]}
	if kind == Numeric {
		// A type modifier of -1 is a numeric without bounds.
		precision, scale := (field.TypeModifier-4)>>16&0xffff, (field.TypeModifier-4)&0x7ff
		if field.TypeModifier < 4 || precision > maxPrecision || scale > precision {
			return Column{}, fmt.Errorf("column %s: numeric must have at most %d digits, cast it", field.Name, maxPrecision)
		}
		column.Scale = int(scale)
		column.Type = fmt.Sprintf("numeric(%d,%d)", precision, scale)
	}
	return column, nil
}

// Sums reports whether a manifest gives the sum of the column.
func (c Column) Sums() bool {
	switch c.Kind {
	case Int16, Int32, Int64, Numeric:
		return c.Type != nameOfOID[pgtype.XID8OID] && !c.Unsummed
	}
	return false
}

func (c Column) node() parquet.Node {
	switch c.Kind {
	case Int16, Int32:
		return parquet.Int(32)
	case Int64:
		return parquet.Int(64)
	case Numeric:
		return parquet.Decimal(c.Scale, maxPrecision, parquet.Int64Type)
	case Bool:
		return parquet.Leaf(parquet.BooleanType)
	case Date:
		return parquet.Date()
	case Timestamp:
		return parquet.Timestamp(parquet.Microsecond)
	case UUID:
		return parquet.UUID()
	default:
		return parquet.String()
	}
}

// Schema is the Parquet schema of the columns. Every column may be null: what may not is for
// the models of zone clean to say.
func Schema(table string, columns []Column) *parquet.Schema {
	group := parquet.Group{}
	for _, column := range columns {
		group[column.Name] = parquet.Optional(column.node())
	}
	return parquet.NewSchema(table, group)
}
