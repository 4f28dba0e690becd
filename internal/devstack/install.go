package devstack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// EnsureInstalled installs or builds the servers that this machine lacks, by the same script as
// `make up` does. What the script says goes to stderr.
func EnsureInstalled(ctx context.Context, root string) error {
	if Installed() == nil {
		return nil
	}
	install := exec.CommandContext(ctx, filepath.Join(root, "deploy", "bootstrap", "servers.sh"))
	install.Dir = root
	install.Stdout, install.Stderr = os.Stderr, os.Stderr
	if err := install.Run(); err != nil {
		return fmt.Errorf("install the servers: %w", err)
	}
	return Installed()
}

// Installed says which server program this machine lacks, if any.
func Installed() error {
	if _, err := FindPostgres(); err != nil {
		return err
	}
	for _, name := range []string{"temporal", "minio"} {
		if _, err := FindBinary(name); err != nil {
			return err
		}
	}
	return nil
}
