package devstack

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrLocked means that another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock is a lock on a file, which the kernel releases when the process ends, however it ends.
type Lock struct{ file *os.File }

// LockFile waits for the exclusive lock on the file.
func LockFile(path string) (*Lock, error) { return lockFile(path, syscall.LOCK_EX) }

// TryLockFile takes the exclusive lock on the file or returns ErrLocked.
func TryLockFile(path string) (*Lock, error) {
	return lockFile(path, syscall.LOCK_EX|syscall.LOCK_NB)
}

// ShareLockFile waits for a lock on the file that many can hold at once.
func ShareLockFile(path string) (*Lock, error) { return lockFile(path, syscall.LOCK_SH) }

// Unlock releases the lock. Closing the file alone would not, while a child that is about to be
// executed still has a copy of it.
func (l *Lock) Unlock() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
	_ = l.file.Close()
}

func lockFile(path string, how int) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case err == nil:
		return &Lock{file}, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = ErrLocked
	}
	_ = file.Close()
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// write replaces what the locked file holds.
func (l *Lock) write(content string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(content), 0)
	return err
}
