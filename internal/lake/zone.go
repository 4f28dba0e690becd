// Package lake keeps the four zones of the lakehouse on an object store: where an object lies,
// which objects a run has made, and that nothing is overwritten but to erase a person (rewrite.go).
//
// An object's key names its table, its date and its run:
//
//	table=orders/date=2026-11-20/run=0193…/execution=0001/part-00000-1.parquet
//
// date is the day of the rows, or their month (see Monthly); of a table that is written whole it is the last day of the run.
// The last figure of a part is the try that wrote it, so that two tries never write the same object. Beside the parts lie
//
//	table=orders/_manifests/run=0193…/execution=0001.json
//	table=orders/_quarantine/date=2026-11-20/run=0193…/execution=0001/part-00000-1.parquet
//
// A step's output exists when its manifest does, and a manifest is written once.
package lake

import "fmt"

// Zone is one of the lake's buckets, before the prefix of settings.ObjectStore.
type Zone string

// The zones, in the order data flow through them.
const (
	Raw   Zone = "raw"   // as extracted, frozen
	Clean Zone = "clean" // typed, deduplicated, checked; what failed lies in quarantine
	Work  Zone = "work"  // joined and enriched, personal data masked
	Gold  Zone = "gold"  // the star schema
)

// Zones in the order data flow through them.
var Zones = []Zone{Raw, Clean, Work, Gold}

// Output names what one execution of a run makes of one table in one zone.
type Output struct {
	Zone      Zone   `json:"zone"`
	Table     string `json:"table"`
	RunID     string `json:"run_id"`
	Execution int    `json:"execution"` // 1 for the run itself, 2 and up for its replays
}

// What keys begin or end with.
const (
	Runs         = "_runs/"         // in zones raw and gold: what is about a run and not about a table
	Manifests    = "_manifests/"    // below the folder of a table
	SnapshotFile = "/snapshot.json" // see SnapshotKey
	HistoryFile  = "/history.json"  // see HistoryKey
)

// Folder is what the keys of everything of a table begin with.
func Folder(table string) string { return "table=" + table + "/" }

// PartKey is the key of a part file. date is a day or a month, try the number of the attempt
// that writes it.
func (o Output) PartKey(date string, number, try int) string {
	return fmt.Sprintf("table=%s/date=%s/run=%s/execution=%04d/part-%05d-%d.parquet",
		o.Table, date, o.RunID, o.Execution, number, try)
}

// QuarantineKey is the key of a file of rows that broke a rule.
func (o Output) QuarantineKey(date string, number, try int) string {
	return fmt.Sprintf("table=%s/_quarantine/date=%s/run=%s/execution=%04d/part-%05d-%d.parquet",
		o.Table, date, o.RunID, o.Execution, number, try)
}

// ManifestKey is the key of the manifest that makes the output exist.
func (o Output) ManifestKey() string {
	return fmt.Sprintf("table=%s/_manifests/run=%s/execution=%04d.json", o.Table, o.RunID, o.Execution)
}

// SnapshotKey is the key, in zone raw, of the file that freezes a run's extract.
func SnapshotKey(runID string) string { return fmt.Sprintf("_runs/run=%s/snapshot.json", runID) }

// String names the output in messages: raw/orders.
func (o Output) String() string { return string(o.Zone) + "/" + o.Table }
