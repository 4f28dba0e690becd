package stacktest

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"mercado/internal/devstack"
)

var (
	binaryOnce sync.Once
	binaryPath string
	binaryErr  error
)

// Binary returns the path of the program mercado, built from the sources as they are.
func Binary(t testing.TB) string {
	t.Helper()
	binaryOnce.Do(func() { binaryPath, binaryErr = buildBinary() })
	if binaryErr != nil {
		t.Fatalf("build mercado: %v", binaryErr)
	}
	return binaryPath
}

// buildBinary leaves it to `go build` to see whether anything has changed since another test
// process built it.
func buildBinary() (string, error) {
	root, err := devstack.RepositoryRoot()
	if err != nil {
		return "", err
	}
	run, err := openRunFolder(root)
	if err != nil {
		return "", err
	}
	lock, err := devstack.LockFile(run.binaryLock())
	if err != nil {
		return "", err
	}
	defer lock.Unlock()
	path := filepath.Join(string(run), "mercado")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", path, "./cmd/mercado")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return "", &buildError{err, output}
	}
	return path, nil
}

type buildError struct {
	err    error
	output []byte
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + string(e.output) }
func (e *buildError) Unwrap() error { return e.err }
