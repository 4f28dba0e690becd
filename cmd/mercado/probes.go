package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"go.temporal.io/sdk/client"

	"mercado/api"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/worker"
)

// readinessProbes is what must answer before the API says that it is ready.
func readinessProbes(db *store.DB, workflows client.Client, objects settings.ObjectStore, t settings.Temporal) ([]api.Probe, error) {
	endpoint, err := url.Parse(objects.Endpoint)
	if err != nil {
		return nil, &settings.Error{Setting: "MERCADO_S3_ENDPOINT", Problem: err.Error()}
	}
	bucket := objects.BucketPrefix + "raw"
	s3, err := minio.New(endpoint.Host, &minio.Options{
		Creds:      credentials.NewStaticV4(objects.AccessKey, objects.SecretKey, ""),
		Secure:     endpoint.Scheme == "https",
		Region:     objects.Region,
		MaxRetries: 1,
	})
	if err != nil {
		return nil, &settings.Error{Setting: "MERCADO_S3_ENDPOINT", Problem: err.Error()}
	}
	return []api.Probe{
		{Name: "postgres", Check: db.Ping},
		{Name: "temporal", Check: func(ctx context.Context) error {
			_, err := workflows.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		}},
		{Name: "object_store", Check: func(ctx context.Context) error {
			exists, err := s3.BucketExists(ctx, bucket)
			if err == nil && !exists {
				err = fmt.Errorf("bucket %s does not exist", bucket)
			}
			return err
		}},
		{Name: "orders_worker", Check: announced(db, t.TaskQueuePrefix+worker.OrdersQueue)},
		{Name: "etl_worker", Check: announced(db, t.TaskQueuePrefix+worker.ETLQueue)},
	}, nil
}

// announced asks whether any process works on a task queue.
func announced(db *store.DB, taskQueue string) func(context.Context) error {
	return func(ctx context.Context) error {
		workers, err := db.WorkersAnnounced(ctx, taskQueue)
		if err == nil && workers == 0 {
			err = errors.New("no worker")
		}
		return err
	}
}
