package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticks is how many of the kernel's clock ticks are a second, on every Linux there is.
const ticks = 100

// cpu is the processor time that each program has used, in seconds. On a machine that others use
// as well it says more than the clock does.
type cpu map[string]float64

// cpuOf adds up the processor time of processes and all their descendants, those that have ended
// and were waited for among them.
func cpuOf(programs map[string]int) (cpu, error) {
	used, children, err := processes(os.ReadFile)
	if err != nil {
		return nil, err
	}
	sums := cpu{}
	var add func(name string, pid int)
	add = func(name string, pid int) {
		sums[name] += used[pid]
		for _, child := range children[pid] {
			add(name, child)
		}
	}
	for name, pid := range programs {
		if _, lives := used[pid]; !lives {
			return nil, fmt.Errorf("%s (process %d) has ended", name, pid)
		}
		add(name, pid)
	}
	// The load generator started the others: what it used is its own alone.
	if pid, known := programs[generator]; known {
		sums[generator] = used[pid]
	}
	return sums, nil
}

// per is what was used since earlier, in milliseconds for each of count.
func (c cpu) per(earlier cpu, count int) map[string]float64 {
	each := map[string]float64{}
	for name := range maps.Keys(c) {
		each[name] = (c[name] - earlier[name]) * 1000 / float64(max(count, 1))
	}
	return each
}

// since is what was used since earlier, in seconds.
func (c cpu) since(earlier cpu) cpu {
	spent := cpu{}
	for name := range maps.Keys(c) {
		spent[name] = c[name] - earlier[name]
	}
	return spent
}

// total of all programs.
func (c cpu) total() (sum float64) {
	for _, seconds := range c {
		sum += seconds
	}
	return sum
}

// readings is how often processes are read until none has ended meanwhile.
const readings = 1000

// processes are the processor time of each, and its children. What one has used that ends is its parent's: one that ends
// while they are read is counted twice, or not at all, so they are read until none does.
func processes(read func(path string) ([]byte, error)) (used map[int]float64, children map[int][]int, err error) {
	for range readings {
		used, children, err = readProcesses(read)
		if !errors.Is(err, errEnded) {
			return used, children, err
		}
	}
	return nil, nil, fmt.Errorf("read processes: %w, %d times", errEnded, readings)
}

var errEnded = errors.New("one ended meanwhile")

func readProcesses(read func(path string) ([]byte, error)) (used map[int]float64, children map[int][]int, err error) {
	used, children = map[int]float64{}, map[int][]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, nil, err
	}
	for _, path := range stats {
		content, err := read(path)
		if err != nil {
			return nil, nil, errEnded
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, nil, err
		}
		// After the name, which may hold anything: state, parent, …, utime, stime, cutime, cstime.
		fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
		var sum float64
		for _, field := range fields[11:15] {
			spent, _ := strconv.ParseFloat(field, 64)
			sum += spent / ticks
		}
		parent, _ := strconv.Atoi(fields[1])
		used[pid] = sum
		children[parent] = append(children[parent], pid)
	}
	for _, path := range stats {
		if _, err := os.Stat(path); err != nil {
			return nil, nil, errEnded
		}
	}
	return used, children, nil
}
