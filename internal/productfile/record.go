// Package productfile reads products from CSV (RFC 4180), row by row and in bounded memory, and says what is
// wrong with which line without repeating what was in it.
package productfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// maxRecord is how long a record may be, in bytes.
const maxRecord = 256 << 10

// Problem is what is wrong with a line.
type Problem struct {
	Line    int64  `json:"line"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// record is one record of a file, as it stands there.
type record struct {
	fields  []string
	line    int64 // its first
	problem string
}

// scanner takes a file apart. What is wrong with a record stays with it: the next one begins on the
// next line.
type scanner struct {
	in     *bufio.Reader
	offset int64 // of the next record, in bytes
	line   int64
}

func newScanner(in io.Reader, offset, line int64) *scanner {
	return &scanner{in: bufio.NewReaderSize(in, 2*maxRecord), offset: offset, line: line}
}

// next returns io.EOF after the last record. Empty lines are no records.
func (s *scanner) next() (record, error) {
	for {
		text, closed, err := s.take()
		if err != nil {
			return record{}, err
		}
		r := record{line: s.line}
		s.offset += int64(len(text))
		s.line += int64(max(1, bytes.Count(text, []byte("\n"))))
		if s.offset == int64(len(text)) {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		trimmed := bytes.TrimRight(text, "\r\n")
		switch {
		case len(bytes.TrimSpace(trimmed)) == 0:
			continue
		case !closed:
			r.problem = "a quote is not closed, or the record is longer than 256 KiB"
		case !utf8.Valid(trimmed):
			r.problem = "not text in UTF-8"
		case bytes.IndexByte(trimmed, 0) >= 0:
			r.problem = "the character U+0000 is not allowed in text"
		default:
			r.fields, r.problem = split(trimmed)
		}
		return r, nil
	}
}

// take consumes a record with its line break; or, where it does not end within maxRecord, its first
// line.
func (s *scanner) take() (text []byte, closed bool, err error) {
	firstBreak, quoted := -1, false
	for seen := 0; ; {
		have, err := s.in.Peek(min(max(s.in.Buffered(), seen+1), maxRecord))
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		for ; seen < len(have); seen++ {
			switch {
			case have[seen] == '"':
				quoted = !quoted
			case have[seen] == '\n' && firstBreak < 0:
				firstBreak = seen
				fallthrough
			case have[seen] == '\n':
				if !quoted {
					return s.consume(seen + 1), true, nil
				}
			}
		}
		switch {
		case len(have) == 0:
			return nil, false, io.EOF
		case err == nil && len(have) < maxRecord:
			continue
		case err != nil && !quoted:
			return s.consume(len(have)), true, nil
		case firstBreak >= 0:
			return s.consume(firstBreak + 1), false, nil
		default: // one line without an end: what was looked at goes, and its rest is another wrong record
			return s.consume(len(have)), false, nil
		}
	}
}

func (s *scanner) consume(n int) []byte {
	text, _ := s.in.Peek(n)
	text = bytes.Clone(text)
	_, _ = s.in.Discard(n)
	return text
}

// split takes a record apart at its commas.
func split(text []byte) (fields []string, problem string) {
	for {
		if len(text) == 0 || text[0] != '"' {
			field, rest, more := bytes.Cut(text, []byte(","))
			if bytes.IndexByte(field, '"') >= 0 {
				return nil, "a quote within a field that does not begin with one"
			}
			fields = append(fields, string(field))
			if !more {
				return fields, ""
			}
			text = rest
			continue
		}
		var field []byte
		for text = text[1:]; ; {
			before, after, _ := bytes.Cut(text, []byte(`"`)) // there is one: quotes are paired
			field = append(field, before...)
			text = after
			if len(text) == 0 || text[0] != '"' {
				break
			}
			field, text = append(field, '"'), text[1:]
		}
		fields = append(fields, string(field))
		if len(text) == 0 {
			return fields, ""
		}
		if text[0] != ',' {
			return nil, "a quoted field goes on after its closing quote"
		}
		text = text[1:]
	}
}
