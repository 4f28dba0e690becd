package main_test

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
)

// TestUpRunsAsAnOrdinaryUser: where the tests are root's, like in a container, all others show that
// `up` runs as root and this one drops to nobody.
func TestUpRunsAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	stack := newStack(t)
	uid := os.Getuid()
	command := exec.Command(stacktest.Binary(t), "up")
	command.Env = stack.environment
	if uid == 0 {
		command, uid = asNobody(t, stack), nobody(t)
	}
	stack.startAs(t, command)
	stack.waitReady(t)
	for _, server := range []string{"postgres", "minio"} {
		if _, err := os.Stat(filepath.Join(stack.home, server)); err != nil {
			t.Errorf("%s was not started in the home: %v", server, err)
		}
	}
	for pid, commandLine := range stack.processes() {
		info, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid)))
		if err != nil {
			continue // it has ended
		}
		if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != uid {
			t.Errorf("%q runs as user %d, want %d", strings.ReplaceAll(commandLine, "\x00", " "), owner, uid)
		}
	}
	if code := stack.signal(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d\n%s", code, stack.Log())
	}
	if left := stack.processes(); len(left) > 0 {
		t.Errorf("these are left behind: %v", left)
	}
}

func nobody(t *testing.T) (uid int) {
	t.Helper()
	found, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	if uid, err = strconv.Atoi(found.Uid); err != nil {
		t.Fatal(err)
	}
	return uid
}

// asNobody is `mercado up` of the user nobody, to whom the home is given: with copies of the
// programs, since nobody may not reach the repository.
func asNobody(t *testing.T, stack *stack) *exec.Cmd {
	t.Helper()
	programs := map[string]string{"bin/mercado": stacktest.Binary(t)}
	for _, name := range []string{"temporal", "minio"} {
		path, err := devstack.FindBinary(name)
		if err != nil {
			t.Fatal(err)
		}
		programs[".bin/"+name] = path
	}
	clone := filepath.Join(stack.home, "clone")
	for name, path := range programs {
		if err := os.MkdirAll(filepath.Join(clone, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if output, err := exec.CommandContext(t.Context(), "cp", path, filepath.Join(clone, name)).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v, %s", err, output)
		}
	}
	uid := nobody(t)
	if err := os.Chown(stack.home, uid, uid); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(clone, "bin", "mercado"), "up")
	command.Dir = clone
	command.Env = slices.Concat(stack.environment, []string{"HOME=" + stack.home})
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return command
}
