package etl_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// wire leads to a server until it is cut.
type wire struct {
	proxy *toxiproxy.Proxy
	t     *testing.T
}

// through returns the address with a wire in between.
func through(t *testing.T, address string) (*wire, string) {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	w := &wire{proxy: toxiproxy.NewProxy(server, "wire", "127.0.0.1:0", parsed.Host), t: t}
	if err := w.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.proxy.Stop)
	parsed.Host = w.proxy.Listen
	return w, parsed.String()
}

// cut ends all connections and lets none begin.
func (w *wire) cut() { w.proxy.Stop() }

// cutAfter ends every connection, those that are open and those to come, once so many more bytes
// have gone through it in a direction, upstream or downstream: in the middle of whatever it is at.
func (w *wire) cutAfter(direction string, bytes int) {
	w.t.Helper()
	toxic := fmt.Sprintf(`{"type": "limit_data", "stream": %q, "attributes": {"bytes": %d}}`, direction, bytes)
	if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		w.t.Fatal(err)
	}
}

// mend lets connections begin and last.
func (w *wire) mend() {
	w.t.Helper()
	w.proxy.Toxics.ResetToxics(context.Background())
	if w.proxy.Enabled {
		return
	}
	if err := w.proxy.Start(); err != nil {
		w.t.Fatal(err)
	}
}
