package lake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Manifest lists everything one execution of a run made of one table in one zone. It is written
// last: parts without a manifest are leftovers of a try that died.
type Manifest struct {
	Output
	Model       string           `json:"model,omitempty"`       // sha256 of the SQL; empty in raw
	Fingerprint string           `json:"fingerprint,omitempty"` // sha256 of everything that determines the parts
	Columns     []Column         `json:"columns"`
	Parts       []Part           `json:"parts"`
	Quarantine  []Part           `json:"quarantine,omitempty"`
	Rules       map[string]int64 `json:"rules,omitempty"`    // rows in quarantine by the rule they broke
	Warnings    map[string]int64 `json:"warnings,omitempty"` // rows that fail a check of severity warn
	Control     *Totals          `json:"control,omitempty"`  // what the parts should come to: counted at the source, not in the files
	Inputs      []Input          `json:"inputs,omitempty"`
}

// Column is a column of a table and its type as the zone's engine names it.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Part is one file, which does not change but when a person is erased from it.
type Part struct {
	Key    string `json:"key"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Totals
}

// Input is a manifest that was read, and its digest then: it has another one since when a person was erased.
type Input struct {
	Output
	SHA256 string `json:"sha256"`
}

// Totals are a row count and column sums. Sums of money are in minor units.
type Totals struct {
	Rows int64            `json:"rows"`
	Sums map[string]int64 `json:"sums"`
}

// Add adds other to t.
func (t *Totals) Add(other Totals) {
	t.Rows += other.Rows
	if t.Sums == nil {
		t.Sums = map[string]int64{}
	}
	for column, sum := range other.Sums {
		t.Sums[column] += sum
	}
}

// Equal reports whether both have the same rows and, for every column either has, the same sum.
func (t Totals) Equal(other Totals) bool {
	return t.Rows == other.Rows && maps.Equal(t.Sums, other.Sums)
}

// Total adds up the parts.
func Total(parts []Part) Totals {
	total := Totals{Sums: map[string]int64{}}
	for _, part := range parts {
		total.Add(part.Totals)
	}
	return total
}

// Bytes adds up the size of parts and quarantine.
func (m *Manifest) Bytes() int64 {
	var bytes int64
	for _, part := range m.Parts {
		bytes += part.Size
	}
	for _, part := range m.Quarantine {
		bytes += part.Size
	}
	return bytes
}

// AllParts are parts and quarantine.
func (m *Manifest) AllParts() []Part { return slices.Concat(m.Parts, m.Quarantine) }

// Digest is the sha256 of the manifest as it is written.
func (m *Manifest) Digest() string { return Digest(m.encode()) }

// ContentDigest is a sha256 over the parts' contents alone: two executions that wrote the same
// bytes have the same one.
func (m *Manifest) ContentDigest() string {
	hash := sha256.New()
	for _, part := range m.Parts {
		fmt.Fprintln(hash, part.SHA256)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Digest is the hexadecimal sha256 of data.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (m *Manifest) encode() []byte { return encodeJSON(m) }

func encodeJSON(value any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // structs of strings and numbers always encode
	}
	return buffer.Bytes()
}

// Commit writes the manifest unless there is one, and returns the one that stands: another try
// of the same step may have finished first.
func (s *Store) Commit(ctx context.Context, manifest *Manifest) (*Manifest, error) {
	created, err := s.CreateJSON(ctx, manifest.Zone, manifest.ManifestKey(), manifest)
	if err != nil || created {
		return manifest, err
	}
	return s.Manifest(ctx, manifest.Output)
}

// Manifest reads the manifest of an output. A missing one is an *ObjectError with Missing set.
func (s *Store) Manifest(ctx context.Context, output Output) (*Manifest, error) {
	manifest := &Manifest{}
	if err := s.ReadJSON(ctx, output.Zone, output.ManifestKey(), manifest); err != nil {
		return nil, err
	}
	return manifest, nil
}

// Committed returns the manifest of an output, or nil when there is none yet.
func (s *Store) Committed(ctx context.Context, output Output) (*Manifest, error) {
	manifest, err := s.Manifest(ctx, output)
	var object *ObjectError
	if errors.As(err, &object) && object.Missing {
		return nil, nil
	}
	return manifest, err
}
