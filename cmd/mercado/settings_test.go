package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestEnvExampleIsCurrent(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"settings", "--env-example"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if stdout.String() != string(committed) {
		t.Error(".env.example is not what `mercado settings --env-example` prints: run `make generate`")
	}
	if !strings.Contains(stdout.String(), "\n#MERCADO_DATABASE_URL=postgres://") {
		t.Error("the database is not among the settings")
	}
}
