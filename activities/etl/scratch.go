package etl

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// OpenScratch makes a folder in root that is this process's until release or its death, and
// removes those of processes that have died: they may hold personal data.
func OpenScratch(root string) (folder string, release func(), err error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	turn, err := lockFolder(root, syscall.LOCK_EX) // one at a time, or a folder is removed before its owner has locked it
	if err != nil {
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	defer func() { _ = turn.Close() }()
	if err := removeOwnerless(root); err != nil {
		return "", nil, fmt.Errorf("remove left-over scratch folders: %w", err)
	}
	if folder, err = os.MkdirTemp(root, "process-"); err != nil {
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	owned, err := lockFolder(folder, syscall.LOCK_EX)
	if err != nil {
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	return folder, func() {
		if err := errors.Join(os.RemoveAll(folder), owned.Close()); err != nil {
			slog.Warn("scratch folder not removed; the next worker does it", "error", err)
		}
	}, nil
}

// scratchFolder makes a folder for one try of a step, which begins with the name, and what removes it.
func (a *Activities) scratchFolder(name string) (folder string, remove func() error, err error) {
	if err := os.MkdirAll(a.Scratch, 0o700); err != nil {
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	if folder, err = os.MkdirTemp(a.Scratch, name); err != nil {
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	return folder, func() error { return os.RemoveAll(folder) }, nil
}

// inScratch gives do a folder that is gone afterwards.
func (a *Activities) inScratch(name string, do func(folder string) error) (err error) {
	folder, remove, err := a.scratchFolder(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	return do(folder)
}

func removeOwnerless(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(root, entry.Name())
		lock, err := lockFolder(path, syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(os.RemoveAll(path), lock.Close()); err != nil {
			return err
		}
	}
	return nil
}

// lockFolder locks a folder until the file it returns is closed, or the process is gone.
func lockFolder(path string, how int) (*os.File, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(folder.Fd()), how); err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return folder, nil
}
