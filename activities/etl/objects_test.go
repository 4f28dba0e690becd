package etl_test

import (
	"bytes"
	"io"
	"net/url"
	"strings"
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
	return o.getVersion(zone, key, "")
}

// getVersion is one version of an object; "" is the one that stands.
func (o *objects) getVersion(zone lake.Zone, key, version string) []byte {
	o.t.Helper()
	object, err := o.client.GetObject(o.t.Context(), o.p.Store.Bucket(zone), key, minio.GetObjectOptions{VersionID: version})
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = object.Close() }()
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

// keepVersions has all buckets keep what is written over.
func (o *objects) keepVersions() {
	o.t.Helper()
	for _, zone := range lake.Zones {
		if err := o.client.EnableVersioning(o.t.Context(), o.p.Store.Bucket(zone)); err != nil {
			o.t.Fatal(err)
		}
	}
}

// begunUpload is what beginUpload sends.
var begunUpload = strings.Repeat("Zyxomira ", 1000)

// beginUpload begins an upload of several parts, and never finishes it.
func (o *objects) beginUpload(zone lake.Zone, key string) {
	o.t.Helper()
	core, bucket := minio.Core{Client: o.client}, o.p.Store.Bucket(zone)
	id, err := core.NewMultipartUpload(o.t.Context(), bucket, key, minio.PutObjectOptions{})
	if err == nil {
		_, err = core.PutObjectPart(o.t.Context(), bucket, key, id, 1, strings.NewReader(begunUpload), int64(len(begunUpload)), minio.PutObjectPartOptions{})
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// uploads are those of a zone that were not finished, by key.
func (o *objects) uploads(zone lake.Zone) map[string]int {
	o.t.Helper()
	uploads := map[string]int{}
	for upload := range o.client.ListIncompleteUploads(o.t.Context(), o.p.Store.Bucket(zone), "", true) {
		if upload.Err != nil {
			o.t.Fatal(upload.Err)
		}
		uploads[upload.Key]++
	}
	return uploads
}

func (o *objects) remove(zone lake.Zone, key string) {
	o.t.Helper()
	if err := o.client.RemoveObject(o.t.Context(), o.p.Store.Bucket(zone), key, minio.RemoveObjectOptions{}); err != nil {
		o.t.Fatal(err)
	}
}
