package devstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Home is the folder of a local stack, held by one process at a time.
type Home struct {
	Path string // absolute
	// Unclean says that the process that held the home before was killed: its servers may be
	// ending still.
	Unclean bool

	lock *Lock
}

// HomeInUseError says that another process runs a stack in this home.
type HomeInUseError struct {
	Path string
	PID  int // 0 when unknown
}

func (e *HomeInUseError) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s already runs a stack in %s: stop it, or choose another folder with --home (MERCADO_HOME) and other ports", holder, e.Path)
}

// HoldHome makes the folder if there is none and takes it for this process, or returns a
// *HomeInUseError.
func HoldHome(path string) (*Home, error) {
	path, err := folder(path)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(path, "up.pid")
	lock, err := TryLockFile(file)
	if errors.Is(err, ErrLocked) {
		pid, _ := readPID(file)
		return nil, &HomeInUseError{Path: path, PID: pid}
	}
	if err != nil {
		return nil, err
	}
	_, unclean := readPID(file)
	if err := lock.write(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
		lock.Unlock()
		return nil, err
	}
	return &Home{Path: path, Unclean: unclean, lock: lock}, nil
}

// Release gives the home back, to be called when everything in it has ended.
func (h *Home) Release() error {
	defer h.lock.Unlock()
	return h.lock.write("")
}

func readPID(file string) (pid int, found bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(content)))
	return pid, err == nil
}
