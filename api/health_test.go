package api_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
)

type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

func TestReadyOnlyWhenEveryPartAnswers(t *testing.T) {
	t.Parallel()
	fine := api.Probe{Name: "fine", Check: func(context.Context) error { return nil }}
	down := api.Probe{Name: "down", Check: func(context.Context) error { return errors.New("password=secret") }}
	hangs := api.Probe{Name: "hangs", Check: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	probes := func(probes ...api.Probe) func(*api.Deps) {
		return func(deps *api.Deps) { deps.Probes = probes }
	}
	got := apitest.Decode[readiness](apitest.New(t, probes(fine)).Anyone().Get("/readyz").Want(http.StatusOK))
	if got.Status != "ready" || got.Checks["fine"] != "ok" {
		t.Errorf("%+v", got)
	}
	answer := apitest.New(t, probes(fine, down, hangs)).Anyone().Get("/readyz").Want(http.StatusServiceUnavailable)
	got = apitest.Decode[readiness](answer)
	if got.Checks["fine"] != "ok" || got.Checks["down"] != "unavailable" || got.Checks["hangs"] != "unavailable" {
		t.Errorf("%+v", got)
	}
	if strings.Contains(string(answer.Body), "secret") {
		t.Errorf("tells too much: %s", answer.Body)
	}
}

// written is a log that may be read while it is written.
type written struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.text.String()
}

func TestAPanicIsAnAnswerAndALine(t *testing.T) {
	t.Parallel()
	log := &written{}
	shop := apitest.New(t, func(deps *api.Deps) {
		deps.Passwords = nil // so that signing in panics
		deps.Log = slog.New(slog.NewTextHandler(log, nil))
	})
	problem := shop.Anyone().Post("/api/identity/token", map[string]string{"username": "a@example.com", "password": "x"}).
		WantProblem(http.StatusInternalServerError, "internal_error")
	if !strings.Contains(log.String(), "nil pointer") || !strings.Contains(log.String(), problem.RequestID) {
		t.Errorf("log: %s", log)
	}
	shop.Anyone().Get("/livez").Want(http.StatusOK)
}

func TestTheLogHoldsNothingPersonal(t *testing.T) {
	t.Parallel()
	log := &written{}
	shop := apitest.New(t, func(deps *api.Deps) {
		deps.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	id, email := shop.NewCustomer()
	session := signIn(shop, email)
	shop.Anyone().With(session.AccessToken).Get("/api/identity/customers/1").Want(http.StatusOK)
	shop.Admin().Get("/api/identity/customers?q=" + email).Want(http.StatusOK)
	shop.Anyone().Post("/api/identity/token/refresh", map[string]string{"refresh_token": session.RefreshToken}).Want(http.StatusOK)
	for _, secret := range []string{email, apitest.Password, session.AccessToken, session.RefreshToken, "q="} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log of customer %d holds %q", id, secret)
		}
	}
	if !strings.Contains(log.String(), "path=/api/identity/customers/1") || !strings.Contains(log.String(), "status=200") {
		t.Errorf("log: %s", log)
	}
}

func TestTheLogNamesOnlyWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	log := &written{}
	shop := apitest.New(t, func(deps *api.Deps) { deps.Log = slog.New(slog.NewTextHandler(log, nil)) })
	shop.Anyone().Get("/api/catalog/products").Want(http.StatusOK)
	if strings.Contains(log.String(), "user=") {
		t.Errorf("somebody was signed in: %s", log)
	}
	shop.As(auth.Principal{UserID: 7, Roles: []auth.Role{auth.Admin}}).Get("/api/catalog/products").Want(http.StatusOK)
	if !strings.Contains(log.String(), "user=7") {
		t.Errorf("nobody was signed in: %s", log)
	}
}

func TestMetricsCountRequestsByRoute(t *testing.T) {
	t.Parallel()
	anyone := apitest.New(t).Anyone()
	anyone.Get("/api/catalog/products/999").Want(http.StatusNotFound)
	anyone.Get("/nowhere/at/all").Want(http.StatusNotFound)
	metrics := string(anyone.Get("/metrics").Want(http.StatusOK).Body)
	for _, want := range []string{
		`mercado_http_request_duration_seconds_count{method="GET",route="/api/catalog/products/:id",status="404"} 1`,
		`mercado_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1`,
		"go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestARequestKeepsItsID(t *testing.T) {
	t.Parallel()
	anyone := apitest.New(t).Anyone()
	if got := anyone.Do("GET", "/livez", nil, "X-Request-Id", "abc-123.DEF").Header.Get("X-Request-Id"); got != "abc-123.DEF" {
		t.Errorf("got %q", got)
	}
	for _, odd := range []string{"short", strings.Repeat("x", 65), "with blanks in it", `"quoted-quoted"`} {
		if got := anyone.Do("GET", "/livez", nil, "X-Request-Id", odd).Header.Get("X-Request-Id"); got == odd || len(got) != 36 {
			t.Errorf("%q became %q", odd, got)
		}
	}
}
