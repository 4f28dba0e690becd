package main

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
)

// TestCollectorWaitsForAHeapOfSomeSize reads when the next collection is due, and that the floor takes no memory.
func TestCollectorWaitsForAHeapOfSomeSize(t *testing.T) { //nolint:paralleltest // other tests fill the heap
	before := resident(t)
	floor := raiseHeap()
	runtime.GC()
	due := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(due)
	if goal := due[0].Value.Uint64(); goal < 2*heapFloor {
		t.Errorf("the next collection is due at %d bytes", goal)
	}
	if grown := resident(t) - before; grown > heapFloor/2 {
		t.Errorf("the floor takes %d bytes", grown)
	}
	runtime.KeepAlive(floor)
}

// resident is how many bytes of memory this process has.
func resident(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(content))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
