package main

import (
	"encoding/binary"
	"os"
	"runtime"
	"runtime/metrics"
	"testing"
	"unsafe"
)

// floors are kept: memory that was used before is written to, with zeros, when it is given again.
var floors [][]byte

// TestCollectorWaitsForAHeapOfSomeSize reads when the next collection is due, and that the floor takes no memory.
func TestCollectorWaitsForAHeapOfSomeSize(t *testing.T) {
	t.Parallel()
	floor := raiseHeap()
	floors = append(floors, floor)
	runtime.GC()
	due := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(due)
	if goal := due[0].Value.Uint64(); goal < 2*heapFloor {
		t.Errorf("the next collection is due at %d bytes", goal)
	}
	if there := present(t, floor); there > heapFloor/10 {
		t.Errorf("the floor takes %d bytes", there)
	}
}

// present is how many bytes of memory the machine has given for those of data.
func present(t *testing.T, data []byte) (bytes int) {
	t.Helper()
	// A word for each page of the address space; its highest bit says whether the page is there.
	pages, err := os.Open("/proc/self/pagemap")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pages.Close() }()
	size := os.Getpagesize()
	entries := make([]byte, 8*(len(data)/size))
	begins := int64(uintptr(unsafe.Pointer(unsafe.SliceData(data)))) / int64(size) //nolint:gosec // only where it is
	if _, err := pages.ReadAt(entries, 8*begins); err != nil {
		t.Fatal(err)
	}
	for ; len(entries) > 0; entries = entries[8:] {
		if binary.NativeEndian.Uint64(entries)>>63 == 1 {
			bytes += size
		}
	}
	return bytes
}
