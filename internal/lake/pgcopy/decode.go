package pgcopy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/parquet-go/parquet-go"
)

const (
	rowsPerBatch    = 1024      // values handed to a Parquet column at once
	rowsPerRowGroup = 128 << 10 // bounds what a writer keeps in memory
	arenaSize       = 64 << 10

	epochMicros = 946_684_800_000_000 // 2000-01-01, Postgres' epoch
	epochDays   = 10_957
)

var signature = []byte("PGCOPY\n\xff\r\n\x00")

// Decoder is a writer that takes a binary COPY stream, cut anywhere, and writes its rows as
// Parquet. Close it when the stream has ended.
type Decoder struct {
	columns  []decoding
	writer   *parquet.GenericWriter[any]
	group    *parquet.ConcurrentRowGroupWriter
	rest     []byte // the beginning of a row whose end is still to come
	started  bool
	ended    bool
	batch    int
	grouped  int
	rows     int64
	arena    []byte
	observed func(rows int64)
}

// decoding is one column on its way from the stream to Parquet.
type decoding struct {
	Column
	index  int // in the Parquet schema
	values []parquet.Value
	target *parquet.ColumnWriter
	sum    int64
}

// NewDecoder writes Parquet with the columns of the stream, in that order, to output. observed,
// if not nil, is told the number of rows so far, about every thousand.
func NewDecoder(output io.Writer, table string, columns []Column, observed func(rows int64)) *Decoder {
	schema := Schema(table, columns)
	writer := parquet.NewGenericWriter[any](output, schema,
		parquet.Compression(&parquet.Snappy),
		parquet.MaxRowsPerRowGroup(rowsPerRowGroup),
		parquet.CreatedBy("mercado", "1", ""))
	decoder := &Decoder{writer: writer, group: writer.BeginRowGroup(), observed: observed}
	targets := decoder.group.ColumnWriters()
	for _, column := range columns {
		leaf, _ := schema.Lookup(column.Name)
		decoder.columns = append(decoder.columns, decoding{
			Column: column,
			index:  leaf.ColumnIndex,
			values: make([]parquet.Value, 0, rowsPerBatch),
			target: targets[leaf.ColumnIndex],
		})
	}
	return decoder
}

// Write implements io.Writer.
func (d *Decoder) Write(data []byte) (int, error) {
	written := len(data)
	if len(d.rest) > 0 {
		d.rest = append(d.rest, data...)
		data = d.rest
	}
	used, err := d.decode(data)
	if err != nil {
		return 0, err
	}
	d.rest = append(d.rest[:0], data[used:]...)
	return written, nil
}

// decode takes all whole rows of data and returns how many bytes they were.
func (d *Decoder) decode(data []byte) (used int, err error) {
	if !d.started {
		header := len(signature) + 8 // flags and length of an extension that nobody uses
		if len(data) < header {
			return 0, nil
		}
		if !bytes.HasPrefix(data, signature) {
			return 0, errors.New("not a binary COPY stream")
		}
		d.started, used = true, header
	}
	for !d.ended {
		size := rowSize(data[used:])
		if size == 0 {
			return used, nil
		}
		if size == 2 && int16(binary.BigEndian.Uint16(data[used:])) == -1 {
			d.ended = true
			return used + 2, nil
		}
		if err := d.row(data[used : used+size]); err != nil {
			return used, fmt.Errorf("row %d: %w", d.rows+1, err)
		}
		used += size
	}
	return used, nil
}

// rowSize is the number of bytes of the row that data begins with, or 0 when some are missing.
func rowSize(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	fields := int(int16(binary.BigEndian.Uint16(data)))
	at := 2
	for range fields { // none at the end marker, -1
		if len(data) < at+4 {
			return 0
		}
		if length := int(int32(binary.BigEndian.Uint32(data[at:]))); length > 0 {
			at += length
		}
		at += 4
	}
	if len(data) < at {
		return 0
	}
	return at
}

func (d *Decoder) row(data []byte) error {
	if fields := int(binary.BigEndian.Uint16(data)); fields != len(d.columns) {
		return fmt.Errorf("%d fields, want %d", fields, len(d.columns))
	}
	at := 2
	for i := range d.columns {
		column := &d.columns[i]
		length := int(int32(binary.BigEndian.Uint32(data[at:])))
		at += 4
		if length < 0 {
			column.values = append(column.values, parquet.Value{}.Level(0, 0, column.index))
			continue
		}
		value, err := d.value(column, data[at:at+length])
		if err != nil {
			return fmt.Errorf("column %s: %w", column.Name, err)
		}
		column.values = append(column.values, value.Level(0, 1, column.index))
		at += length
	}
	d.rows++
	if d.batch++; d.batch == rowsPerBatch {
		return d.flush()
	}
	return nil
}

func (d *Decoder) value(column *decoding, data []byte) (parquet.Value, error) {
	if want := widths[column.Kind]; want != 0 && len(data) != want {
		return parquet.Value{}, fmt.Errorf("%d bytes of %s, want %d", len(data), column.Type, want)
	}
	switch column.Kind {
	case Int16, Int32:
		value := int32(int16(binary.BigEndian.Uint16(data)))
		if column.Kind == Int32 {
			value = int32(binary.BigEndian.Uint32(data))
		}
		column.sum += int64(value)
		return parquet.Int32Value(value), nil
	case Int64:
		value := int64(binary.BigEndian.Uint64(data))
		column.sum += value
		return parquet.Int64Value(value), nil
	case Numeric:
		value, err := decodeNumeric(data, column.Scale)
		column.sum += value
		return parquet.Int64Value(value), err
	case Bool:
		return parquet.BooleanValue(data[0] != 0), nil
	case Date:
		value := int32(binary.BigEndian.Uint32(data))
		if value == math.MaxInt32 || value == math.MinInt32 {
			return parquet.Value{}, errors.New("infinity is not a date")
		}
		return parquet.Int32Value(value + epochDays), nil
	case Timestamp:
		value := int64(binary.BigEndian.Uint64(data))
		if value == math.MaxInt64 || value == math.MinInt64 {
			return parquet.Value{}, errors.New("infinity is not a time")
		}
		return parquet.Int64Value(value + epochMicros), nil
	case UUID:
		return parquet.FixedLenByteArrayValue(d.keep(data)), nil
	case JSONB:
		if len(data) == 0 || data[0] != 1 {
			return parquet.Value{}, errors.New("unknown version of jsonb")
		}
		return parquet.ByteArrayValue(d.keep(data[1:])), nil
	default:
		return parquet.ByteArrayValue(d.keep(data)), nil
	}
}

var widths = [...]int{Int16: 2, Int32: 4, Int64: 8, Bool: 1, Date: 4, Timestamp: 8, UUID: 16, JSONB: 0}

// keep copies data to where it stays until the batch is flushed: the stream's buffer is reused.
func (d *Decoder) keep(data []byte) []byte {
	if cap(d.arena)-len(d.arena) < len(data) {
		d.arena = make([]byte, 0, max(arenaSize, len(data)))
	}
	start := len(d.arena)
	d.arena = append(d.arena, data...)
	return d.arena[start:len(d.arena):len(d.arena)]
}

func (d *Decoder) flush() error {
	for i := range d.columns {
		column := &d.columns[i]
		if _, err := column.target.WriteRowValues(column.values); err != nil {
			return fmt.Errorf("column %s: %w", column.Name, err)
		}
		column.values = column.values[:0]
	}
	d.arena = d.arena[:0]
	d.grouped += d.batch
	d.batch = 0
	if d.observed != nil {
		d.observed(d.rows)
	}
	if d.grouped >= rowsPerRowGroup {
		d.grouped = 0
		_, err := d.group.Commit()
		return err
	}
	return nil
}

// Close writes what is left and the end of the Parquet file. It fails when the stream has not
// come to its end.
func (d *Decoder) Close() error {
	if !d.ended || len(d.rest) > 0 {
		return errors.New("the COPY stream has no end")
	}
	if err := d.flush(); err != nil {
		return err
	}
	if _, err := d.group.Commit(); err != nil {
		return err
	}
	return d.writer.Close()
}

// Rows is the number of rows taken so far.
func (d *Decoder) Rows() int64 { return d.rows }

// Sums gives the sum of every column that counts something: whole numbers, and decimals in units of
// their last digit.
func (d *Decoder) Sums() map[string]int64 {
	sums := map[string]int64{}
	for _, column := range d.columns {
		if column.Sums() {
			sums[column.Name] = column.sum
		}
	}
	return sums
}
