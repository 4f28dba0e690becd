package etl_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// mounting is a shell script that may mount file systems, in a name space of its own, in which that takes no
// privilege. The first argument is its $0.
func (p *pipeline) mounting(script string, arguments ...string) *exec.Cmd {
	p.t.Helper()
	command := func(script string, arguments ...string) *exec.Cmd {
		return exec.Command("unshare", append([]string{"--map-root-user", "--mount", "sh", "-c", script}, arguments...)...)
	}
	if said, err := command(`mount -t tmpfs tmpfs "$0"`, p.t.TempDir()).CombinedOutput(); err != nil {
		p.t.Fatalf("this machine lets nobody mount a file system in a name space of one's own (%v: %s). "+
			"Ubuntu does after: sudo sysctl --write kernel.apparmor_restrict_unprivileged_userns=0", err, said)
	}
	return command(script, arguments...)
}

// disk is a small file system in memory that a server keeps its data on. Server and disk live in a name space
// of their own, in which it takes no privilege to make one, and end with the test.
type disk struct {
	folder string
	ask    io.Writer
	answer *bufio.Reader
	t      *testing.T
}

// onDisk mounts a disk at folder and starts a server there.
func (p *pipeline) onDisk(folder string, environment []string, server ...string) *disk {
	p.t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		p.t.Fatal(err)
	}
	const script = `set -e
disk=$0
mount -t tmpfs -o size=2g tmpfs "$disk"
"$@" </dev/null >&2 &
while read -r size; do
	eval "mount -o remount,size=$size $disk" && echo resized
done
kill -QUIT $!
wait`
	command := p.mounting(script, append([]string{folder}, server...)...)
	command.Env = append(os.Environ(), environment...)
	log, err := os.Create(filepath.Join(p.world.Home, filepath.Base(folder)+".log"))
	if err != nil {
		p.t.Fatal(err)
	}
	command.Stderr = log
	ask, err := command.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = ask.Close()
		_ = command.Wait() // it was told to quit
		if said, err := os.ReadFile(log.Name()); p.t.Failed() && err == nil {
			p.t.Logf("the server on %s said:\n%s", folder, said)
		}
		_ = log.Close()
	})
	return &disk{folder: folder, ask: ask, answer: bufio.NewReader(answer), t: p.t}
}

// fill leaves no room, and room makes some.
func (d *disk) fill() { d.resize("$(df -k --output=used " + d.folder + " | tail -1 | tr -d ' ')k") }
func (d *disk) room() { d.resize("2g") }

func (d *disk) resize(size string) {
	d.t.Helper()
	if _, err := fmt.Fprintln(d.ask, size); err != nil {
		d.t.Fatal(err)
	}
	if answer, err := d.answer.ReadString('\n'); err != nil {
		d.t.Fatalf("resize %s: %q, %v", d.folder, answer, err)
	}
}
