package devstack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// elsewhere holds the data of homes that the unprivileged user cannot reach.
const elsewhere = "/var/lib/mercado"

// unprivileged returns whom a server that refuses to run as root runs as: nil when this process is
// not root's, else the user postgres, else nobody.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		var unknown user.UnknownUserError
		if errors.As(err, &unknown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("Postgres refuses to run as root, and there is neither a user postgres nor a user nobody")
}

// ownedFolder makes the folder HOME/NAME that the user owns and can reach, and returns its path.
// Where the way there is closed to the user (root's home usually is), the folder lies under
// /var/lib/mercado and HOME/NAME is a link to it.
func ownedFolder(ctx context.Context, home, name string, as *syscall.Credential) (string, error) {
	parent, err := folder(home)
	if err != nil {
		return "", err
	}
	path := filepath.Join(parent, name)
	if as == nil {
		return path, os.MkdirAll(path, 0o700)
	}
	if target, err := os.Readlink(path); err == nil {
		return target, makeOwned(target, as)
	}
	if err := makeOwned(path, as); err != nil {
		return "", err
	}
	if reachable(ctx, path, as) {
		return path, nil
	}
	digest := sha256.Sum256([]byte(path))
	target := filepath.Join(elsewhere, hex.EncodeToString(digest[:8]))
	// Without the link these are the data of a home that was removed since.
	if err := os.RemoveAll(target); err != nil {
		return "", err
	}
	if err := makeOwned(target, as); err != nil {
		return "", err
	}
	// Remove, not RemoveAll: a folder that holds data is a surprise that a person must look at.
	if err := os.Remove(path); err != nil {
		return "", fmt.Errorf("the user of Postgres cannot reach %s: %w", path, err)
	}
	return target, os.Symlink(target, path)
}

func makeOwned(path string, as *syscall.Credential) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return os.Chown(path, int(as.Uid), int(as.Gid))
}

// reachable asks the kernel, as that user, whether the folder can be written.
func reachable(ctx context.Context, path string, as *syscall.Credential) bool {
	probe := exec.CommandContext(ctx, "/bin/sh", "-c", `test -w "$1"`, "sh", path)
	probe.Dir = "/"
	probe.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	return probe.Run() == nil
}
