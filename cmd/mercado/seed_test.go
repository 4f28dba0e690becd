package main_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/seed"
)

// mercado runs one command in a world, and returns its exit code and what it wrote.
func mercado(t *testing.T, world *stacktest.World, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), stacktest.Binary(t), arguments...)
	command.Env = world.Env()
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	_ = command.Run() // the exit code tells
	return command.ProcessState.ExitCode(), out.String(), said.String()
}

func TestSeedFillsAnEmptyShopOnce(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	code, stdout, stderr := mercado(t, world, "seed", "--output", "json")
	var summary seed.Summary
	if err := json.Unmarshal([]byte(stdout), &summary); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, stderr)
	}
	if stderr != "" {
		t.Errorf("it draws where there is no terminal: %q", stderr)
	}
	if today := time.Now().UTC().Truncate(24 * time.Hour); summary.Until.After(today) || summary.Until.Before(today.AddDate(0, 0, -1)) {
		t.Errorf("history ends at %s, want today", summary.Until)
	}
	code, stdout, stderr = mercado(t, world, "seed")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "not empty") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("the second time: exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr = mercado(t, world, "seed", "--if-empty"); code != 0 {
		t.Errorf("the second time, if empty: exit code %d, %s", code, stderr)
	}
}

func TestSeedRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	future := time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly) // tomorrow may be today before it is read
	for _, arguments := range [][]string{
		{"seed", "--until", future}, {"seed", "--until", "yesterday"}, {"seed", "--scale", "0"},
		{"seed", "--seed", "-1"}, {"seed", "--mode", "production"},
	} {
		code, _, stderr := mercado(t, world, arguments...)
		if code != 2 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q", arguments, code, stderr)
		}
	}
	if code, _, stderr := mercado(t, world, "seed", "--output", "json"); code != 0 {
		t.Errorf("something was written before: %s", stderr)
	}
}
