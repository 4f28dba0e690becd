package lake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Row is a row of a table as JSON shows it: money and other decimals as strings, times in UTC, lists
// as lists. Columns are those of the file.
type Row map[string]any

// ReadRows gives the rows of a Parquet file to take, from the row with that number on (0 is the
// first), until take returns false or there are no more.
func ReadRows(path string, from int64, take func(number int64, row Row) bool) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Stat()
	if err != nil {
		return err
	}
	table, err := parquet.OpenFile(file, size.Size())
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if from >= table.NumRows() {
		return nil
	}
	reader := parquet.NewReader(table)
	defer func() { err = errors.Join(err, reader.Close()) }()
	if err := reader.SeekToRow(from); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	columns := leavesOf(table.Schema())
	buffer := make([]parquet.Row, 64)
	for number := from; ; {
		count, err := reader.ReadRows(buffer)
		for _, values := range buffer[:count] {
			if !take(number, rowOf(columns, values)) {
				return nil
			}
			number++
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
}

type leaf struct {
	name string // of the table's column
	list bool
	kind parquet.Type
}

func leavesOf(schema *parquet.Schema) []leaf {
	leaves := make([]leaf, len(schema.Columns()))
	for i, path := range schema.Columns() {
		column, _ := schema.Lookup(path...)
		leaves[i] = leaf{name: path[0], list: len(path) > 1, kind: column.Node.Type()}
	}
	return leaves
}

func rowOf(leaves []leaf, values parquet.Row) Row {
	row := Row{}
	for _, value := range values {
		column := leaves[value.Column()]
		if !column.list {
			row[column.name] = valueOf(column.kind, value)
			continue
		}
		list, _ := row[column.name].([]any)
		if list == nil {
			list = []any{}
		}
		if !value.IsNull() {
			list = append(list, valueOf(column.kind, value))
		}
		row[column.name] = list
	}
	return row
}

// valueOf shows a value as its logical type means it.
func valueOf(kind parquet.Type, value parquet.Value) any {
	if value.IsNull() {
		return nil
	}
	if logical := kind.LogicalType(); logical != nil {
		switch meaning := logical.Value.(type) {
		case *format.DecimalType:
			return decimal(value, int(meaning.Scale))
		case *format.DateType:
			return Day(value.Int32()).String()
		case *format.TimestampType:
			return instant(value.Int64(), meaning.Unit)
		case *format.UUIDType:
			if id, err := uuid.FromBytes(value.ByteArray()); err == nil {
				return id.String()
			}
		case *format.JsonType:
			if json.Valid(value.ByteArray()) {
				return json.RawMessage(strings.Clone(string(value.ByteArray())))
			}
		}
	}
	switch value.Kind() {
	case parquet.Boolean:
		return value.Boolean()
	case parquet.Int32:
		return value.Int32()
	case parquet.Int64:
		return value.Int64()
	case parquet.Float:
		return value.Float()
	case parquet.Double:
		return value.Double()
	default:
		return string(value.ByteArray())
	}
}

func decimal(value parquet.Value, scale int) string {
	unscaled := new(big.Int)
	switch value.Kind() {
	case parquet.Int32:
		unscaled.SetInt64(int64(value.Int32()))
	case parquet.Int64:
		unscaled.SetInt64(value.Int64())
	default: // two's complement, the most significant byte first
		bytes := value.ByteArray()
		unscaled.SetBytes(bytes)
		if len(bytes) > 0 && bytes[0] >= 0x80 {
			unscaled.Sub(unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
		}
	}
	digits := new(big.Int).Abs(unscaled).String()
	for len(digits) <= scale {
		digits = "0" + digits
	}
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if unscaled.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

func instant(value int64, unit format.TimeUnit) time.Time {
	step := time.Microsecond
	if unit.Value != nil {
		step = unit.Value.Duration()
	}
	perSecond := int64(time.Second / step)
	return time.Unix(value/perSecond, value%perSecond*int64(step)).UTC()
}
