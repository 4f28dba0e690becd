package duck

import (
	"database/sql"
	"errors"
	"strings"
	"syscall"
	"testing"

	"mercado/internal/lake/model"
)

// What DuckDB itself says where a limit is reached, of the memory or of the disk that it spills to, is told apart: the
// one is a setting to raise, the other a disk to make room on.
func TestFullMemoryAndFullDiskAreToldApart(t *testing.T) {
	t.Parallel()
	fill := func(memory, disk string) error {
		t.Helper()
		db, err := sql.Open("duckdb", "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		_, err = db.ExecContext(t.Context(), "set memory_limit = "+text(memory)+"; set temp_directory = "+text(t.TempDir())+"; set max_temp_directory_size = "+text(disk))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), "create table filled as select uuid()::varchar as a, uuid()::varchar as b from generate_series(1, 1000000) order by a")
		return err
	}
	engine := &Engine{memory: "30MiB"}
	var memory *model.MemoryError
	if err := engine.full(fill("30MiB", "0B")); !errors.Is(err, syscall.ENOSPC) || errors.As(err, &memory) {
		t.Errorf("on a full disk: %v", err)
	}
	err := engine.full(fill("3MiB", "10GB"))
	if !errors.As(err, &memory) || errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("with 3 MiB: %v", err)
	}
	if said := memory.Error(); !strings.HasSuffix(said, "(30MiB is not enough for it: raise MERCADO_LAKE_MEMORY)") || strings.Contains(said, "Possible solutions") {
		t.Errorf("it is told as %q", said)
	}
	if err := engine.full(fill("1GiB", "10GB")); err != nil {
		t.Errorf("with room: %v", err)
	}
}
