// Package devstack runs the real servers that Mercado stands on (Postgres, Temporal and an
// object store) on one machine, for `mercado up` and for tests.
//
// A server is a child process in a process group of its own. It is started only when its ports are
// free, counts as started when it has really answered, is stopped in its own way with a deadline,
// and never outlives the process that started it.
package devstack

import (
	"os"
	"path/filepath"
	"time"
)

// How long a server may take to answer after its start, unless the context says how long, and to end after it
// was told to stop.
const (
	startDeadline = 60 * time.Second
	stopDeadline  = 20 * time.Second
)

// folder makes a folder that other users may pass through, and returns its absolute path.
func folder(elements ...string) (string, error) {
	path, err := filepath.Abs(filepath.Join(elements...))
	if err != nil {
		return "", err
	}
	return path, os.MkdirAll(path, 0o755)
}
