package main

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// TestProcessThatEndsWhileProcessesAreReadIsCountedOnce has a child end when its parent, which is given what the child
// has used, has just been read.
func TestProcessThatEndsWhileProcessesAreReadIsCountedOnce(t *testing.T) {
	child := exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read answer")
	let, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := said.Read(make([]byte, 1)); err != nil { // it has done its work
		t.Fatal(err)
	}
	used, _, err := processes(os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	own, before := os.Getpid(), used[os.Getpid()]+used[child.Process.Pid]
	if used[child.Process.Pid] < 0.05 {
		t.Fatalf("the child has used %.2f s: too little to be missed", used[child.Process.Pid])
	}

	var end sync.Once
	used, children, err := processes(func(path string) ([]byte, error) {
		content, err := os.ReadFile(path)
		if path == fmt.Sprintf("/proc/%d/stat", own) {
			end.Do(func() {
				_ = let.Close()
				_ = child.Wait() // its read has ended: not well, and that is all the same
			})
		}
		return content, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(children[own]) > 0 || used[own] < before-2.0/ticks || used[own] > before+0.5 {
		t.Errorf("with children %v it has used %.2f s, after %.2f s", children[own], used[own], before)
	}
}
