package etl_test

import (
	"bytes"
	"io"
	"net/url"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"mercado/internal/lake"
)

// objects reaches around the lake, for planting damage.
type objects struct {
	client *minio.Client
	p      *pipeline
	t      *testing.T
}

func (p *pipeline) objects() *objects {
	p.t.Helper()
	s := p.world.ObjectStore
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		p.t.Fatal(err)
	}
	client, err := minio.New(endpoint.Host, &minio.Options{Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), Region: s.Region})
	if err != nil {
		p.t.Fatal(err)
	}
	return &objects{client: client, p: p, t: p.t}
}

func (o *objects) get(zone lake.Zone, key string) []byte {
	o.t.Helper()
	object, err := o.client.GetObject(o.t.Context(), o.p.Store.Bucket(zone), key, minio.GetObjectOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	data, err := io.ReadAll(object)
	if err != nil {
		o.t.Fatal(err)
	}
	return data
}

func (o *objects) put(zone lake.Zone, key string, data []byte) {
	o.t.Helper()
	_, err := o.client.PutObject(o.t.Context(), o.p.Store.Bucket(zone), key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *objects) remove(zone lake.Zone, key string) {
	o.t.Helper()
	if err := o.client.RemoveObject(o.t.Context(), o.p.Store.Bucket(zone), key, minio.RemoveObjectOptions{}); err != nil {
		o.t.Fatal(err)
	}
}
