package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mercado/internal/devstack/stacktest"
	"mercado/worker/workertest"
)

func writeFile(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "products.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestImportTellsBadRowsAndLoadsGoodOnes dry-runs a file, loads it, and tries what cannot be loaded.
func TestImportTellsBadRowsAndLoadsGoodOnes(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendor := shop.NewVendor()
	header := "sku,item_name,category_id,price,cost\n"
	good := fmt.Sprintf("A,Lamp,%d,10.00,4.00\n", shop.NewCategory(0))
	file := writeFile(t, header+good+"B,Chair,999999,10.00,4.00\n")
	products := func() (count int) {
		t.Helper()
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from catalog.products").Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	for _, c := range []struct {
		arguments []string
		code      int
		products  int // there are afterwards
		stdout    []string
		stderr    string
	}{
		{[]string{file}, 3, 0, []string{"3  category_id ", "would be 1 created", "--apply"}, "1 rows were refused"},
		{[]string{file, "--dry-run"}, 3, 0, []string{"would be 1 created"}, "1 rows were refused"},
		{[]string{file, "--apply"}, 3, 1, []string{"3  category_id ", "2 rows read, 1 created, 0 updated, 1 refused"}, "1 rows were refused"},
		{[]string{writeFile(t, header+good), "--apply"}, 0, 1, []string{"1 updated, 0 refused"}, ""},
		{[]string{writeFile(t, "sku,colour\nA,red\n")}, 1, 1, []string{"failed"}, "column 2"},
		{[]string{file, "--apply", "--dry-run"}, 2, 1, nil, "--apply"},
		{[]string{file, "--vendor", "999999"}, 2, 1, nil, "--vendor"},
		{[]string{file + ".gone"}, 2, 1, nil, file + ".gone"},
	} {
		arguments := append([]string{"import"}, c.arguments...)
		if !strings.Contains(strings.Join(arguments, " "), "--vendor") {
			arguments = append(arguments, "--vendor", fmt.Sprint(vendor))
		}
		code, stdout, stderr := mercado(t, shop.World, arguments...)
		if code != c.code || products() != c.products || !strings.Contains(stderr, c.stderr) || (c.stderr == "" && stderr != "") {
			t.Errorf("%v: exit code %d, %d products\n%s%s", c.arguments, code, products(), stdout, stderr)
		}
		for _, want := range c.stdout {
			if !strings.Contains(stdout, want) {
				t.Errorf("%v does not say %q:\n%s", c.arguments, want, stdout)
			}
		}
	}
	code, stdout, stderr := mercado(t, shop.World, "import", file, "--vendor", fmt.Sprint(vendor), "--output", "json")
	var report struct {
		DryRun       bool  `json:"dry_run"`
		RowsRejected int64 `json:"rows_rejected"`
		Errors       []struct {
			Line           int64
			Field, Message string
		}
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 3 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout, stderr)
	}
	if !report.DryRun || report.RowsRejected != 1 || len(report.Errors) != 1 || report.Errors[0].Line != 3 || report.Errors[0].Field != "category_id" {
		t.Errorf("as JSON: %+v", report)
	}
}

// TestInterruptedImportIsWholeOrNothing presses Ctrl-C while the file is read, and while it is worked on.
func TestInterruptedImportIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	vendor := fmt.Sprint(shop.NewVendor())
	count := func(sql string) (found int) {
		t.Helper()
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), sql).Scan(&found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	const here = "database = (select oid from pg_database where datname = current_database())"
	interrupt := func(file string, when func() bool) (stderr string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), stacktest.Binary(t), "import", file, "--apply", "--vendor", vendor)
		command.Env = shop.World.Env()
		var said bytes.Buffer
		command.Stderr = &said
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		workertest.Await(t, "the command to be busy", when)
		if err := command.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait() // the exit code tells
		if code := command.ProcessState.ExitCode(); code != 130 {
			t.Errorf("exit code %d: %s", code, said.String())
		}
		return said.String()
	}

	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(pipe, os.O_RDWR, 0) // says nothing, and does not close
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Close() }()
	interrupt(pipe, func() bool {
		return count("select count(*) from catalog.imports where state = 'receiving'") == 1
	})
	if left := count("select count(*) from catalog.imports"); left != 0 {
		t.Errorf("%d imports are left of a file that was not read to its end", left)
	}

	held, err := shop.Deps.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Rollback(t.Context()) }()
	if _, err := held.Exec(t.Context(), "lock table catalog.import_keys in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, fmt.Sprintf("sku,item_name,category_id,price,cost\nA,Lamp,%d,10.00,4.00\n", shop.NewCategory(0)))
	said := interrupt(file, func() bool {
		return count("select count(*) from pg_locks where relation = 'catalog.import_keys'::regclass and not granted and "+here) > 0
	})
	if !strings.Contains(said, "goes on: GET /api/catalog/imports/") {
		t.Errorf("it does not say that the import goes on: %s", said)
	}
	if err := held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	workertest.Await(t, "the import to end", func() bool {
		return count("select count(*) from catalog.imports where state = 'succeeded' and rows_created = 1") == 1
	})
}
