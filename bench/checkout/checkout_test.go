// Package checkout_test measures how many checkouts a second one API process and one worker take
// over HTTP, with every server of theirs on this machine, beside a workflow that does nothing but
// one empty local activity: the least that Temporal costs.
package checkout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"mercado/internal/auth"
	"mercado/internal/devstack/stacktest"
	"mercado/worker/workertest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// atOnce is how many wait for an answer at any time.
var atOnce = []int{1, 8, 32}

func BenchmarkCheckout(b *testing.B) {
	shop := workertest.New(b, workertest.WithoutWorker(), workertest.PackAfter(time.Hour)) // fulfilment would be measured as well
	products := shop.NewProducts(50, 1_000_000)
	requests := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	body, err := json.Marshal(workertest.CheckoutBody("approve"))
	if err != nil {
		b.Fatal(err)
	}
	for _, at := range atOnce {
		b.Run(fmt.Sprintf("at-once=%d", at), func(b *testing.B) {
			b.StopTimer()
			tokens := fillCarts(b, shop, products)
			b.StartTimer()
			measure(b, at, func(ctx context.Context, i int) error {
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, shop.URL+"/api/checkout", bytes.NewReader(body))
				if err != nil {
					return err
				}
				request.Header.Set("Authorization", "Bearer "+tokens[i])
				request.Header.Set("Content-Type", "application/json")
				request.Header.Set("Idempotency-Key", uuid.NewString())
				response, err := requests.Do(request)
				if err != nil {
					return err
				}
				defer func() { _ = response.Body.Close() }()
				if answer, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated {
					return fmt.Errorf("answered %s: %s", response.Status, answer)
				}
				return nil
			})
		})
	}
}

// fillCarts has b.N customers put two products each in their carts, and returns their tokens.
func fillCarts(b *testing.B, shop *workertest.Shop, products []int64) []string {
	b.Helper()
	tokens := make([]string, b.N)
	for i, buyer := range shop.NewBuyers(b.N) {
		for j := range 2 {
			if _, err := shop.Deps.DB.PutCartItem(b.Context(), buyer.ID, products[(i*7+j*13)%len(products)], 1, time.Hour); err != nil {
				b.Fatal(err)
			}
		}
		token, err := shop.Deps.Tokens.Issue(auth.Principal{CustomerID: buyer.ID, Roles: []auth.Role{auth.Customer}})
		if err != nil {
			b.Fatal(err)
		}
		tokens[i] = token
	}
	return tokens
}

// BenchmarkBareWorkflow is what a checkout is compared with: eager start, one empty local
// activity, and the wait for the result.
func BenchmarkBareWorkflow(b *testing.B) {
	shop := workertest.New(b, workertest.WithoutWorker())
	queue := shop.World.Temporal.TaskQueuePrefix + "bare"
	worker := sdk.New(shop.Deps.Temporal, queue, sdk.Options{})
	worker.RegisterWorkflow(bare)
	if err := worker.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(worker.Stop)
	for _, at := range atOnce {
		b.Run(fmt.Sprintf("at-once=%d", at), func(b *testing.B) {
			measure(b, at, func(ctx context.Context, _ int) error {
				run, err := shop.Deps.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
					ID: "bare/" + uuid.NewString(), TaskQueue: queue, EnableEagerStart: true,
				}, bare)
				if err != nil {
					return err
				}
				return run.Get(ctx, nil)
			})
		})
	}
}

func bare(ctx workflow.Context) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Second})
	return workflow.ExecuteLocalActivity(ctx, func(context.Context) error { return nil }).Get(ctx, nil)
}

// measure does something b.N times, several at once, and reports how many a second and how long
// each took.
func measure(b *testing.B, atOnce int, do func(context.Context, int) error) {
	b.Helper()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(b.Context())
	began := time.Now()
	for range atOnce {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				asked := time.Now()
				if err := do(ctx, i); err != nil {
					return err
				}
				took[i] = time.Since(asked)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "per-s")
	b.ReportMetric(milliseconds(took[b.N/2]), "p50-ms")
	b.ReportMetric(milliseconds(took[min(b.N-1, b.N*99/100)]), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
