package pgcopy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Encoder writes Parquet files as one binary COPY stream.
type Encoder struct {
	output  io.Writer
	columns []Column
	buffer  []byte
	rows    int64
}

const encodeBufferSize = 64 << 10

// NewEncoder writes a stream with the given columns of the target table to output.
func NewEncoder(output io.Writer, columns []Column) *Encoder {
	buffer := append(make([]byte, 0, 2*encodeBufferSize), signature...)
	return &Encoder{output: output, columns: columns, buffer: append(buffer, make([]byte, 8)...)}
}

// File writes all rows of a Parquet file, whose columns are found by name. A column of the
// target that the file does not have is an error; further columns of the file are left out.
func (e *Encoder) File(reader io.ReaderAt, size int64) error {
	file, err := parquet.OpenFile(reader, size)
	if err != nil {
		return err
	}
	sources := make([]*encoding, len(e.columns))
	for i, column := range e.columns {
		leaf, found := file.Schema().Lookup(column.Name)
		if !found {
			return fmt.Errorf("column %s is missing", column.Name)
		}
		if sources[i], err = newEncoding(column, leaf.ColumnIndex, leaf.Node); err != nil {
			return fmt.Errorf("column %s: %w", column.Name, err)
		}
	}
	for _, group := range file.RowGroups() {
		if err := e.group(group, sources); err != nil {
			return err
		}
	}
	return nil
}

func (e *Encoder) group(group parquet.RowGroup, sources []*encoding) error {
	chunks := group.ColumnChunks()
	for _, source := range sources {
		source.open(chunks[source.index])
		defer source.close()
	}
	for left := group.NumRows(); left > 0; {
		rows := int(min(left, rowsPerBatch))
		for i, source := range sources {
			if err := source.read(rows); err != nil {
				return fmt.Errorf("column %s: %w", e.columns[i].Name, err)
			}
		}
		for row := range rows {
			e.buffer = binary.BigEndian.AppendUint16(e.buffer, uint16(len(sources)))
			for _, source := range sources {
				e.buffer = source.append(e.buffer, &source.values[row])
			}
			if len(e.buffer) >= encodeBufferSize {
				if err := e.flush(); err != nil {
					return err
				}
			}
		}
		left -= int64(rows)
		e.rows += int64(rows)
	}
	return nil
}

func (e *Encoder) flush() error {
	_, err := e.output.Write(e.buffer)
	e.buffer = e.buffer[:0]
	return err
}

// Close writes the end of the stream.
func (e *Encoder) Close() error {
	e.buffer = binary.BigEndian.AppendUint16(e.buffer, 0xffff)
	return e.flush()
}

// Rows is the number of rows written so far.
func (e *Encoder) Rows() int64 { return e.rows }

// encoding is one column on its way from Parquet to the stream.
type encoding struct {
	Column
	index  int
	values [rowsPerBatch]parquet.Value
	reader parquet.ColumnChunkValueReader
}

func newEncoding(column Column, index int, node parquet.Node) (*encoding, error) {
	source := &encoding{Column: column, index: index}
	kind := node.Type().Kind()
	want := physical[column.Kind]
	widens := want == parquet.Int64 && kind == parquet.Int32
	if kind != want && !widens {
		return nil, fmt.Errorf("%s cannot be loaded into %s", node.Type(), column.Type)
	}
	if column.Kind == Numeric {
		scale := 0
		if logical := node.Type().LogicalType(); logical != nil {
			if decimal, ok := logical.Value.(*format.DecimalType); ok {
				scale = int(decimal.Scale)
			}
		}
		if scale != column.Scale {
			return nil, fmt.Errorf("%s cannot be loaded into %s: scales differ", node.Type(), column.Type)
		}
	}
	return source, nil
}

var physical = map[Kind]parquet.Kind{
	Int16: parquet.Int32, Int32: parquet.Int32, Int64: parquet.Int64, Numeric: parquet.Int64,
	Bool: parquet.Boolean, Date: parquet.Int32, Timestamp: parquet.Int64,
	UUID: parquet.FixedLenByteArray, Text: parquet.ByteArray, JSONB: parquet.ByteArray,
}

func (s *encoding) open(chunk parquet.ColumnChunk) {
	s.reader = parquet.NewColumnChunkValueReader(chunk)
}

func (s *encoding) close() { _ = s.reader.Close() }

func (s *encoding) read(rows int) error {
	for filled := 0; filled < rows; {
		n, err := s.reader.ReadValues(s.values[filled:rows])
		filled += n
		if complete := errors.Is(err, io.EOF) && filled == rows; err != nil && !complete {
			return fmt.Errorf("after %d of %d rows: %w", filled, rows, err)
		}
	}
	return nil
}

func (s *encoding) append(out []byte, value *parquet.Value) []byte {
	if value.IsNull() {
		return binary.BigEndian.AppendUint32(out, 0xffffffff)
	}
	at := len(out)
	out = append(out, 0, 0, 0, 0) // the length, once it is known
	switch s.Kind {
	case Int16:
		out = binary.BigEndian.AppendUint16(out, uint16(value.Int32()))
	case Int32:
		out = binary.BigEndian.AppendUint32(out, uint32(value.Int32()))
	case Int64:
		out = binary.BigEndian.AppendUint64(out, uint64(whole(value)))
	case Numeric:
		out = appendNumeric(out, whole(value), s.Scale)
	case Bool:
		if value.Boolean() {
			out = append(out, 1)
		} else {
			out = append(out, 0)
		}
	case Date:
		out = binary.BigEndian.AppendUint32(out, uint32(value.Int32()-epochDays))
	case Timestamp:
		out = binary.BigEndian.AppendUint64(out, uint64(value.Int64()-epochMicros))
	case JSONB:
		out = append(append(out, 1), value.ByteArray()...)
	default:
		out = append(out, value.ByteArray()...)
	}
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	return out
}

// whole is the value of an INT64 or INT32 column.
func whole(value *parquet.Value) int64 {
	if value.Kind() == parquet.Int32 {
		return int64(value.Int32())
	}
	return value.Int64()
}
