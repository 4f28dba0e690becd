package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// machine is what it ran on, and how busy that was with other things.
type machine struct {
	CPU      string `json:"cpu"`
	CPUs     int    `json:"cpus"`
	Go       string `json:"go"`
	Postgres string `json:"postgres"`
	Load     string `json:"load_before"` // of the last 1, 5 and 15 minutes
	// Others is which part of the machine's processor time went to programs that have nothing to do
	// with this one, or to other machines of the same host, while this part was measured.
	Others float64 `json:"others_share"`
}

// busy is which load of the last minute, for each processor, is warned of.
const busy = 0.3

// machineOf describes this machine.
func machineOf(ctx context.Context, s *servers) (machine, error) {
	connection, err := pgx.Connect(ctx, s.postgres.URL("postgres"))
	if err != nil {
		return machine{}, err
	}
	defer func() { _ = connection.Close(ctx) }()
	m := machine{CPUs: runtime.NumCPU(), Go: runtime.Version()}
	if err := connection.QueryRow(ctx, "show server_version").Scan(&m.Postgres); err != nil {
		return machine{}, err
	}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, after, _ := strings.Cut(string(info), "model name")
		line, _, _ := strings.Cut(after, "\n")
		m.CPU = strings.Trim(line, "\t: ")
	}
	return m, nil
}

// loadBefore is how busy the machine is before anything is started, and whether that is much.
func loadBefore() (load string, much bool) {
	info, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown", false
	}
	fields := strings.Fields(string(info))[:3]
	last, err := strconv.ParseFloat(fields[0], 64)
	return strings.Join(fields, " "), err == nil && last > busy*float64(runtime.NumCPU())
}

// commit is that of the sources.
func commit(ctx context.Context) string {
	described, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(described))
}

// share is processor time of the whole machine and of this program with all that it has started, in
// seconds since some time.
type share struct{ all, spent, own float64 }

// shareNow reads it.
func shareNow() (share, error) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return share{}, err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return share{}, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var s share
	for i, field := range fields[1:9] { // user, nice, system, idle, iowait, irq, softirq, steal
		time, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return share{}, err
		}
		s.all += time / ticks
		if i != 3 && i != 4 {
			s.spent += time / ticks
		}
	}
	own, err := cpuOf(map[string]int{"own": os.Getpid()})
	s.own = own["own"]
	return s, err
}

// others is which part of the machine went to others since earlier.
func (s share) others(earlier share) float64 {
	return max(0, (s.spent-earlier.spent)-(s.own-earlier.own)) / max(s.all-earlier.all, 1)
}
