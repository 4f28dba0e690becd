// Package sqlfile reads the header of a SQL file: the comment lines it begins with, which say
// what the statement below them is about.
//
//	-- description: Orders of the run's days.
//	-- columns: id uuid, customer_id bigint,
//	--     channel text
//	-- column id: Key of the order.
//	select …
//
// An entry is a key, an optional name, and a value that goes on in lines indented further.
package sqlfile

import (
	"fmt"
	"strings"
)

// Entry is one statement of a header.
type Entry struct {
	Key, Name, Value string
}

// Header is the entries of a file in their order.
type Header []Entry

// Parse splits a file into its header and its statement, which ends without a semicolon. Every
// line of the header must be an entry or go one on.
func Parse(text string) (Header, string, error) {
	var header Header
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		comment, isComment := strings.CutPrefix(line, "--")
		if !isComment {
			body := strings.TrimSpace(strings.Join(lines[i:], "\n"))
			return header, strings.TrimSuffix(body, ";"), nil
		}
		if rest, goesOn := strings.CutPrefix(comment, "     "); goesOn && len(header) > 0 {
			last := &header[len(header)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(rest))
			continue
		}
		subject, value, found := strings.Cut(comment, ":")
		key, name, _ := strings.Cut(strings.TrimSpace(subject), " ")
		if !found || key == "" {
			return nil, "", fmt.Errorf("line %d: want `-- key: value`, not %q", i+1, line)
		}
		header = append(header, Entry{Key: key, Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return nil, "", fmt.Errorf("no statement below the header")
}

// Value is the value of the first entry with the key, or "".
func (h Header) Value(key string) string {
	for _, entry := range h {
		if entry.Key == key {
			return entry.Value
		}
	}
	return ""
}

// List is the value of the first entry with the key, split at commas.
func (h Header) List(key string) []string {
	var list []string
	for item := range strings.SplitSeq(h.Value(key), ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// Named is the entries with the key.
func (h Header) Named(key string) []Entry {
	var named []Entry
	for _, entry := range h {
		if entry.Key == key {
			named = append(named, entry)
		}
	}
	return named
}
