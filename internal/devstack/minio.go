package devstack

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"

	"mercado/internal/settings"
)

// minioUser is the administrator of a local object store.
const minioUser = "mercado"

// Zones are the lake's buckets, before the prefix of settings.ObjectStore.
var Zones = []string{"raw", "clean", "work", "gold"}

// MinIO is a local S3-compatible object store with its console.
type MinIO struct {
	Home          string // data in HOME/minio, log in HOME/logs
	Port, Console Port
}

// Settings returns how a client reaches the server.
func (m MinIO) Settings() settings.ObjectStore {
	return settings.ObjectStore{
		Endpoint:  "http://" + m.Port.Address(),
		Region:    "us-east-1",
		AccessKey: minioUser,
		SecretKey: settings.DevelopmentPassword,
	}
}

// Start starts the server and returns when it answers a signed request.
func (m MinIO) Start(ctx context.Context) (*Process, error) {
	binary, err := FindBinary("minio")
	if err != nil {
		return nil, err
	}
	for _, port := range []Port{m.Port, m.Console} {
		if err := port.Check(ctx); err != nil {
			return nil, err
		}
	}
	data, err := folder(m.Home, "minio")
	if err != nil {
		return nil, err
	}
	log, err := openLog(m.Home, "minio")
	if err != nil {
		return nil, err
	}
	process, err := Start(Command{
		Name: "MinIO",
		Path: binary,
		Args: []string{
			"server", "--quiet", "--address", m.Port.Address(), "--console-address", m.Console.Address(),
			"--certs-dir", filepath.Join(data, "certs"), filepath.Join(data, "data"),
		},
		Env: append(serverEnvironment(data),
			"MINIO_ROOT_USER="+minioUser, "MINIO_ROOT_PASSWORD="+settings.DevelopmentPassword, "MINIO_UPDATE=off"),
		Dir: data,
		Log: log,
	})
	if err != nil {
		return nil, err
	}
	ready := func(ctx context.Context) error {
		store, err := objectStore(m.Settings())
		if err != nil {
			return err
		}
		_, err = store.ListBuckets(ctx)
		return err
	}
	if err := process.waitReady(ctx, ready); err != nil {
		process.Kill()
		return nil, fmt.Errorf("%w (see %s)", err, log.Name())
	}
	return process, nil
}

// EnsureBuckets makes those of the lake's buckets that are missing.
func EnsureBuckets(ctx context.Context, s settings.ObjectStore) error {
	store, err := objectStore(s)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, zone := range Zones {
		bucket := s.BucketPrefix + zone
		group.Go(func() error {
			exists, err := store.BucketExists(ctx, bucket)
			if err != nil {
				return fmt.Errorf("bucket %s: %w", bucket, err)
			}
			if exists {
				return nil
			}
			if err := store.MakeBucket(ctx, bucket, minio.MakeBucketOptions{Region: s.Region}); err != nil {
				return fmt.Errorf("make bucket %s: %w", bucket, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// MissingBuckets returns those of the lake's buckets that the store does not have.
func MissingBuckets(ctx context.Context, s settings.ObjectStore) ([]string, error) {
	store, err := objectStore(s)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, zone := range Zones {
		exists, err := store.BucketExists(ctx, s.BucketPrefix+zone)
		if err != nil {
			return nil, err
		}
		if !exists {
			missing = append(missing, s.BucketPrefix+zone)
		}
	}
	return missing, nil
}

// RemoveBuckets removes the lake's buckets with everything in them.
func RemoveBuckets(ctx context.Context, s settings.ObjectStore) error {
	store, err := objectStore(s)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, zone := range Zones {
		bucket := s.BucketPrefix + zone
		group.Go(func() error {
			return store.RemoveBucketWithOptions(ctx, bucket, minio.RemoveBucketOptions{ForceDelete: true})
		})
	}
	return group.Wait()
}

func objectStore(s settings.ObjectStore) (*minio.Client, error) {
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, &settings.Error{Setting: "MERCADO_S3_ENDPOINT", Problem: "cannot be parsed"}
	}
	return minio.New(endpoint.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""),
		Secure: endpoint.Scheme == "https",
		Region: s.Region,
	})
}
