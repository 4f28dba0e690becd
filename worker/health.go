package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"mercado/internal/settings"
	"mercado/internal/store"
)

// serveHealth answers /livez and /metrics until ctx ends.
func serveHealth(ctx context.Context, c Config, db *store.DB) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Worker.Addr)
	if err != nil {
		return &settings.Error{Setting: "MERCADO_WORKER_ADDR", Problem: fmt.Sprintf("cannot be listened on: %v", err)}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&books{db: db, limits: c.Limits}, &loads{db: db, freshness: c.Freshness})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve health of worker: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		return server.Shutdown(closing)
	})
	return group.Wait()
}
