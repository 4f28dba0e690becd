package worker_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mercado/worker/workertest"
)

// A start of a workflow, and the question whether Temporal is there, as they are called.
const startCall, healthCall = "StartWorkflowExecution", "Health/Check"

// buysThrough buys one product of a shop whose calls to Temporal are intercepted, and wants this status.
func buysThrough(t *testing.T, calls grpc.UnaryClientInterceptor, want int) {
	t.Helper()
	shop := workertest.New(t, workertest.WithoutWorker(), workertest.Intercepted(calls))
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	buyer.Buy("approve").Want(want)
	if want == http.StatusCreated {
		shop.WantStock(product, 9, 0)
	}
}

// TestCheckoutWaitsForABusyTemporal has Temporal take a checkout only after it was asked whether it is
// there, because that took so long.
func TestCheckoutWaitsForABusyTemporal(t *testing.T) {
	t.Parallel()
	asked, once := make(chan struct{}), sync.Once{}
	buysThrough(t, func(
		ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		switch {
		case strings.HasSuffix(method, healthCall):
			once.Do(func() { close(asked) })
		case strings.HasSuffix(method, startCall):
			select {
			case <-asked:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return invoke(ctx, method, request, reply, connection, options...)
	}, http.StatusCreated)
}

// TestCheckoutIsToldOfThoughItsStartIsNot loses Temporal's word that it has taken the checkout.
func TestCheckoutIsToldOfThoughItsStartIsNot(t *testing.T) {
	t.Parallel()
	buysThrough(t, func(
		ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		err := invoke(ctx, method, request, reply, connection, options...)
		if strings.HasSuffix(method, startCall) {
			<-ctx.Done()
			return ctx.Err()
		}
		return err
	}, http.StatusCreated)
}

// TestCheckoutIsAnsweredLaterWithoutTemporal neither starts the checkout nor says that Temporal is
// there.
func TestCheckoutIsAnsweredLaterWithoutTemporal(t *testing.T) {
	t.Parallel()
	buysThrough(t, func(
		ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		if strings.HasSuffix(method, startCall) || strings.HasSuffix(method, healthCall) {
			return status.Error(codes.Unavailable, "away")
		}
		return invoke(ctx, method, request, reply, connection, options...)
	}, http.StatusAccepted)
}
