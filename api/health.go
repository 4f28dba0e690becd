package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// Probe asks one part that the shop cannot work without whether it answers.
type Probe struct {
	Name  string
	Check func(context.Context) error
}

// probeTimeout bounds one probe.
const probeTimeout = 2 * time.Second

const (
	livePath    = "/livez"
	readyPath   = "/readyz"
	metricsPath = "/metrics"
)

func isProbe(route string) bool {
	return route == livePath || route == readyPath || route == metricsPath
}

// health serves what supervisors and monitoring ask.
func (a *API) health() {
	a.router.GET(livePath, func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "live"}) })
	a.router.GET(readyPath, a.ready)
	a.router.GET(metricsPath, gin.WrapH(a.metrics.handler()))
}

// readiness is the answer of /readyz; what a probe said goes to the log only.
type readiness struct {
	Status string            `json:"status"` // ready or unavailable
	Checks map[string]string `json:"checks"` // a part and its state: ok or unavailable
}

// ready answers 200 only when every probe does.
func (a *API) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), probeTimeout)
	defer cancel()
	failures := make([]error, len(a.Probes))
	var asked sync.WaitGroup
	for i, probe := range a.Probes {
		asked.Go(func() { failures[i] = probe.Check(ctx) })
	}
	asked.Wait()

	answer, status := readiness{Status: "ready", Checks: map[string]string{}}, http.StatusOK
	for i, probe := range a.Probes {
		answer.Checks[probe.Name] = "ok"
		if failures[i] != nil {
			answer.Checks[probe.Name] = "unavailable"
			answer.Status, status = "unavailable", http.StatusServiceUnavailable
			a.Log.DebugContext(ctx, "not ready", "part", probe.Name, "error", failures[i])
		}
	}
	c.JSON(status, answer)
}
