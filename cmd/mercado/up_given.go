package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack"
	"mercado/internal/settings"
	"mercado/internal/temporal"
	"mercado/internal/temporal/search"
)

// givenDeadline is how long a server that is given by address may take to answer.
const givenDeadline = 10 * time.Second

// checkGiven asks the servers that are given by address whether they answer, before any other is
// started.
func (s *localStack) checkGiven(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, givenDeadline)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	check := func(given bool, variable string, answers func(context.Context) error) {
		if !given {
			return
		}
		group.Go(func() error {
			if err := answers(ctx); err != nil {
				said := whitespace.ReplaceAllString(err.Error(), " ") // drivers write several lines
				return fmt.Errorf("the server that %s names does not answer: %s", variable, said)
			}
			return nil
		})
	}
	check(s.postgres == nil, "MERCADO_DATABASE_URL", answersPostgres(s.Database.URL))
	check(s.Analytics.URL != s.Database.URL, "MERCADO_WAREHOUSE_URL", answersPostgres(s.Analytics.URL))
	check(s.temporal == nil, "TEMPORAL_ADDRESS", answersTemporal(s.Temporal))
	check(s.minio == nil, "MERCADO_S3_ENDPOINT", answersS3(s.ObjectStore))
	check(s.givenPayment, "MERCADO_PAYMENT_URL", answersHTTP(s.PaymentURL))
	check(s.givenCarrier, "MERCADO_CARRIER_URL", answersHTTP(s.CarrierURL))
	return group.Wait()
}

func answersPostgres(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		connection, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		return connection.Close(ctx)
	}
}

func answersTemporal(s settings.Temporal) func(context.Context) error {
	return func(ctx context.Context) error {
		c, err := temporal.Dial(ctx, s)
		if err == nil {
			c.Close()
		}
		return err
	}
}

func answersHTTP(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := answers(address)(ctx)
		return err
	}
}

func answersS3(s settings.ObjectStore) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := devstack.MissingBuckets(ctx, s)
		return err
	}
}

// ensureSearchAttributes makes what a Temporal that is given lacks for loads.
func (s *localStack) ensureSearchAttributes(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, givenDeadline)
	defer cancel()
	c, err := temporal.Dial(ctx, s.Temporal)
	if err != nil {
		return err
	}
	defer c.Close()
	return search.Ensure(ctx, c, s.Temporal.Namespace)
}
