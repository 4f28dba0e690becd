package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
	"mercado/internal/simulate"
	"mercado/worker/workertest"
)

// said is what a command has written so far.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(text)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// simulated runs `mercado simulate` until something holds, presses Ctrl-C, and returns how it ended.
func simulated(t *testing.T, until func(stderr string) bool, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), stacktest.Binary(t), append([]string{"simulate"}, arguments...)...)
	command.Env = settings.Foreign()
	var out, errors said
	command.Stdout, command.Stderr = &out, &errors
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	workertest.Await(t, "the simulation to have come far enough", func() bool { return until(errors.String()) })
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // the exit code tells
	return command.ProcessState.ExitCode(), out.String(), errors.String()
}

// TestSimulatedTrafficIsReported sends people to a shop until progress is logged and Ctrl-C is pressed,
// and again for some seconds.
func TestSimulatedTrafficIsReported(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	shop.NewProducts(20, 10_000)
	code, stdout, stderr := simulated(t, func(stderr string) bool { return strings.Contains(stderr, "simulating") },
		"--url", shop.URL+"/", "--rate", "600/m", "--customers", "8")
	if code != 0 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, " visits/s, ") {
		t.Errorf("exit code %d, and it logged %s", code, stderr)
	}
	for _, want := range []string{
		`OPERATION +P50 +P99 +MAX +ANSWERS\n`, `\nGET /api/catalog/products +\d+ ms +\d+ ms +\d+ ms +\d+×200`,
		`\n\n[1-9]\d* visits, [1-9]\d* requests in \d+ s\n`, `\norders: \d+ confirmed, \d+ accepted, \d+ late, \d+ declined, `,
		`\nlater: \d+ cancelled, `, `\nserver errors: 0; surprises: 0\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("the summary does not say %q:\n%s", want, stdout)
		}
	}

	code, stdout, stderr = mercado(t, shop.World, "simulate", "--url", shop.URL, "--rate", "600/m", "--for", "3s", "--customers", "8", "--seed", "2", "--output", "json")
	var summary simulate.Summary
	if err := json.Unmarshal([]byte(stdout), &summary); err != nil || code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout, stderr)
	}
	answers := 0
	for _, operation := range summary.Operations {
		for _, count := range operation.Statuses {
			answers += count
		}
	}
	// 30 visits are due on average. On a machine that cannot keep up there may be fewer, and never many more.
	if summary.Visits < 1 || summary.Visits > 60 || summary.Requests < summary.Visits || answers != summary.Requests ||
		summary.ServerErrors != 0 || summary.Surprises == nil || summary.Failed() {
		t.Errorf("%d answers, and a summary of %s", answers, stdout)
	}
}

// TestSimulationOfAShopThatFailsFails sends people to shops that answer what no customer may cause.
func TestSimulationOfAShopThatFailsFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		status int
		says   string
	}{
		{"a server error", http.StatusInternalServerError, `\nserver errors: [1-9]\d*; surprises: `},
		{"an answer that nobody told of", http.StatusTeapot, `\nserver errors: 0; surprises: [1-9]\d*\n  \w+ /api/\S+ answered 418: `},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			answered := make(chan struct{}, 1)
			mux := http.NewServeMux()
			mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"paths": {"/api/catalog/products": {"get": {"responses": {"200": {}, "500": {}}}}}}`))
			})
			mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(`{"code": "broken"}`))
				select {
				case answered <- struct{}{}:
				default:
				}
			})
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			code, stdout, stderr := simulated(t, func(string) bool { return len(answered) > 0 }, "--url", server.URL, "--rate", "50/s", "--customers", "2")
			if code != 1 || !strings.Contains(stderr, "mercado: the shop failed") || !regexp.MustCompile(c.says).MatchString(stdout) {
				t.Errorf("exit code %d, %s%s", code, stdout, stderr)
			}
		})
	}
	for _, c := range []struct {
		code      int
		says      string
		arguments []string
	}{
		{1, "127.0.0.1:1", []string{"--url", "http://127.0.0.1:1"}},
		{2, `--rate`, []string{"--rate", "5/d"}},
		{2, `--rate`, []string{"--rate", "0"}},
		{2, `--customers`, []string{"--customers", "0"}},
		{2, `--at-once`, []string{"--at-once", "0"}},
		{2, `--for`, []string{"--for", "-1s"}},
	} {
		command := exec.CommandContext(t.Context(), stacktest.Binary(t), append([]string{"simulate"}, c.arguments...)...)
		command.Env = settings.Foreign()
		var out, errors bytes.Buffer
		command.Stdout, command.Stderr = &out, &errors
		_ = command.Run() // the exit code tells
		if code := command.ProcessState.ExitCode(); code != c.code || !strings.Contains(errors.String(), c.says) || out.Len() != 0 {
			t.Errorf("%v: exit code %d, %s%s", c.arguments, code, out.String(), errors.String())
		}
	}
}
