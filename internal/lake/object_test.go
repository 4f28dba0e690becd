package lake_test

import (
	"testing"

	"github.com/google/uuid"

	"mercado/internal/lake"
)

func TestKeysTellWhatAnObjectIs(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse(someOutput.RunID)
	for key, want := range map[string]lake.Object{
		someOutput.PartKey("2026-11-20", 12, 3):                           {Kind: lake.PartObject, Table: "sales", RunID: id, Execution: 1},
		someOutput.PartKey("2026-11", 123456, 10):                         {Kind: lake.PartObject, Table: "sales", RunID: id, Execution: 1},
		someOutput.QuarantineKey("2026-11", 0, 1):                         {Kind: lake.QuarantineObject, Table: "sales", RunID: id, Execution: 1},
		someOutput.ManifestKey():                                          {Kind: lake.ManifestObject, Table: "sales", RunID: id, Execution: 1},
		lake.SnapshotKey(someOutput.RunID):                                {Kind: lake.SnapshotObject, RunID: id},
		lake.HistoryKey(someOutput.RunID, 12345):                          {Kind: lake.HistoryObject, RunID: id, Execution: 12345},
		"experiments/" + someOutput.ManifestKey():                         {},
		someOutput.PartKey("2026-11-20", 0, 1) + "x":                      {},
		"table=sales/date=2026/run=" + someOutput.RunID + "/mine.parquet": {},
		"table=sales/date=2026/run=------------------------------------/execution=0001/part-00000-1.parquet": {},
		"": {},
	} {
		want.Key = key
		if got := lake.ParseKey(key); got != want {
			t.Errorf("%q is %+v, want %+v", key, got, want)
		}
	}
}
