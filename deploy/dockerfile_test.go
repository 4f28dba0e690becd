package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// instruction is one line of a Dockerfile, without its --flags.
type instruction struct {
	name  string
	flags []string
	words []string
}

// dockerfile reads the instructions, continued lines joined.
func dockerfile(t *testing.T) []instruction {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var all []instruction
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		next := instruction{name: fields[0]}
		for _, field := range fields[1:] {
			if strings.HasPrefix(field, "--") && len(next.words) == 0 {
				next.flags = append(next.flags, field)
				continue
			}
			next.words = append(next.words, field)
		}
		all = append(all, next)
	}
	return all
}

// TestDockerfileCopiesWhatIsThere: every path it names exists, and every folder that the program
// is built from is named.
func TestDockerfileCopiesWhatIsThere(t *testing.T) {
	t.Parallel()
	copied := map[string]bool{}
	for _, instruction := range dockerfile(t) {
		if instruction.name != "COPY" || slices.ContainsFunc(instruction.flags, func(f string) bool { return strings.HasPrefix(f, "--from") }) {
			continue
		}
		for _, path := range instruction.words[:len(instruction.words)-1] {
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("COPY %s: %v", path, err)
			}
			copied[path] = true
		}
	}
	sources, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		folder := filepath.Base(filepath.Dir(source))
		if !strings.HasSuffix(source, "_test.go") && !copied[folder] && folder != "bench" && folder != "tools" {
			t.Errorf("%s is not copied into the build", folder)
		}
	}
	if len(copied) < 5 {
		t.Errorf("only %v is copied", copied)
	}
}

func TestImageRunsAsNobodySpecial(t *testing.T) {
	t.Parallel()
	var user string
	var checked bool
	for _, instruction := range dockerfile(t) {
		switch instruction.name {
		case "FROM":
			user, checked = "", false
		case "USER":
			user = instruction.words[0]
		case "HEALTHCHECK":
			checked = true
		}
	}
	if user == "" || strings.HasPrefix(user, "0") || user == "root" {
		t.Errorf("the image runs as %q", user)
	}
	if !checked {
		t.Error("the image has no health check")
	}
}
