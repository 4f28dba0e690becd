package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// History is what other runs have published that an execution of a run reads, beside what it makes
// itself: written once, before the first model that reads it runs. A replay reads that of the
// execution it replays.
type History struct {
	RunID     string         `json:"run_id"`
	Execution int            `json:"execution"` // that froze it
	Before    Day            `json:"before"`    // days of facts from this one on are left out
	Tables    []HistoryTable `json:"tables"`
}

// HistoryTable is a table of zone gold as it stood.
type HistoryTable struct {
	Table   string          `json:"table"`
	Sources []HistorySource `json:"sources"` // by their first days
}

// HistorySource is what one execution of a run had made of a table, and stood.
type HistorySource struct {
	RunID     string        `json:"run_id"`
	Execution int           `json:"execution"`
	Content   string        `json:"content"`        // digest of all that it made of the table
	Days      []Span        `json:"days,omitempty"` // that stood, with rows or without; none of a table written whole
	Parts     []HistoryPart `json:"parts"`
}

// HistoryPart is a file of zone gold, and the days of it that are read: none mean all of it.
type HistoryPart struct {
	Part
	Days []Span `json:"days,omitempty"`
}

// HistoryKey is the key, in zone gold, of the file that freezes what an execution reads of the
// history.
func HistoryKey(runID string, execution int) string {
	return fmt.Sprintf("_runs/run=%s/execution=%04d/history.json", runID, execution)
}

// Table of the history, and whether it was frozen at all.
func (h *History) Table(name string) (HistoryTable, bool) {
	for _, table := range h.Tables {
		if table.Table == name {
			return table, true
		}
	}
	return HistoryTable{Table: name}, false
}

// Parts that are read, of all sources.
func (t HistoryTable) Parts() []HistoryPart {
	var parts []HistoryPart
	for _, source := range t.Sources {
		parts = append(parts, source.Parts...)
	}
	return parts
}

// ContentDigest is a sha256 over what is read of the table, wherever it lies.
func (t HistoryTable) ContentDigest() string { return PartsDigest(t.Parts()) }

// PartsDigest is a sha256 over what is read of parts, wherever they lie.
func PartsDigest(parts []HistoryPart) string {
	hash := sha256.New()
	for _, part := range parts {
		fmt.Fprintln(hash, part.SHA256, part.Days)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// FreezeHistory writes the history unless the execution has one, and returns the one that stands.
func (s *Store) FreezeHistory(ctx context.Context, history *History) (*History, error) {
	created, err := s.CreateJSON(ctx, Gold, HistoryKey(history.RunID, history.Execution), history)
	if err != nil || created {
		return history, err
	}
	return s.History(ctx, history.RunID, history.Execution)
}

// History reads what an execution froze. It is an *ObjectError with Missing set when it has not.
func (s *Store) History(ctx context.Context, runID string, execution int) (*History, error) {
	history := &History{}
	return history, s.ReadJSON(ctx, Gold, HistoryKey(runID, execution), history)
}

// FrozenHistory returns what an execution froze, or nil when it has not.
func (s *Store) FrozenHistory(ctx context.Context, runID string, execution int) (*History, error) {
	history, err := s.History(ctx, runID, execution)
	var object *ObjectError
	if errors.As(err, &object) && object.Missing {
		return nil, nil
	}
	return history, err
}

// Span is the days or the month that the part's key names.
func (p Part) Span() (Span, error) {
	_, rest, _ := strings.Cut(p.Key, "/date=")
	date, _, _ := strings.Cut(rest, "/")
	if first, err := time.Parse("2006-01", date); err == nil {
		return Span{From: DayOf(first), To: DayOf(first.AddDate(0, 1, 0))}, nil
	}
	day, err := ParseDay(date)
	if err != nil {
		return Span{}, fmt.Errorf("part %s names no date: %w", p.Key, err)
	}
	return Span{From: day, To: day + 1}, nil
}

// Choose picks the parts that may hold rows of the days, each with those of the days it is to be read
// for: none where they are all that the part can hold.
func Choose(parts []Part, days []Span) ([]HistoryPart, error) {
	var chosen []HistoryPart
	for _, part := range parts {
		holds, err := part.Span()
		if err != nil {
			return nil, err
		}
		common := Intersect(days, holds)
		switch {
		case len(common) == 0:
		case len(common) == 1 && common[0] == holds:
			chosen = append(chosen, HistoryPart{Part: part})
		default:
			chosen = append(chosen, HistoryPart{Part: part, Days: common})
		}
	}
	return chosen, nil
}
