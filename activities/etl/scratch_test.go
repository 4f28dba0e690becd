package etl_test

import (
	"os"
	"path/filepath"
	"testing"

	"mercado/activities/etl"
)

func TestScratchOfTheDeadIsRemovedAndThatOfTheLivingStays(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(folder string) string {
		t.Helper()
		file := filepath.Join(folder, "customers.parquet")
		if err := os.WriteFile(file, []byte("personal"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	dead := filepath.Join(root, "process-dead")
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	write(dead)
	first, release, err := etl.OpenScratch(root)
	if err != nil {
		t.Fatal(err)
	}
	kept := write(first)
	second, releaseSecond, err := etl.OpenScratch(root)
	if err != nil || second == first {
		t.Fatalf("two processes share %s, %v", second, err)
	}
	defer releaseSecond()
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("the folder of the dead is there: %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("the folder of the living is not: %v", err)
	}
	release()
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("what was released is there: %v", err)
	}
}
