package lake_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/internal/settings"
)

// What each role may do in each zone: l lists, g gets, p puts, d deletes. "work" is what runs have made
// there, "work sandbox" is anything else.
var rights = map[string]map[string]string{
	"data_engineer":  {"raw": "lgpd", "clean": "lgpd", "work": "lgpd", "work sandbox": "lgpd", "gold": "lgpd"},
	"data_scientist": {"raw": "", "clean": "", "work": "lg", "work sandbox": "lgpd", "gold": "lg"},
	"bi_analyst":     {"raw": "", "clean": "", "work": "", "work sandbox": "", "gold": "lg"},
}

func TestRolesMayDoInTheZonesWhatTheyAreToAndNoMore(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	if err := devstack.EnsureRoles(t.Context(), world.ObjectStore); err != nil {
		t.Fatal(err)
	}
	widen(t, world.ObjectStore, "bi_analyst")
	if err := devstack.EnsureRoles(t.Context(), world.ObjectStore); err != nil { // as at every start
		t.Fatal(err)
	}
	pipeline := clientOf(t, world.ObjectStore, credentials.NewStaticV4(world.ObjectStore.AccessKey, world.ObjectStore.SecretKey, ""))
	for role, zones := range rights {
		assumed, err := lake.Assume(t.Context(), world.ObjectStore, role, lake.ShortestCredentials)
		if err != nil {
			t.Fatal(err)
		}
		client := clientOf(t, world.ObjectStore, credentials.NewStaticV4(assumed.AccessKey, assumed.SecretKey, assumed.SessionToken))
		for place, may := range zones {
			zone, sandbox, _ := strings.Cut(place, " ")
			bucket, key := world.ObjectStore.BucketPrefix+zone, "table=orders/date=2026-03-01/part.parquet"
			if sandbox != "" {
				key = "experiments/of/mine.parquet"
			}
			if _, err := pipeline.PutObject(t.Context(), bucket, key, strings.NewReader("there"), 5, minio.PutObjectOptions{}); err != nil {
				t.Fatal(err)
			}
			for _, probe := range []struct {
				right string
				do    func() error
			}{
				{"l", func() error {
					for object := range client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
						if object.Err != nil {
							return object.Err
						}
					}
					return nil
				}},
				{"g", func() error {
					_, err := client.StatObject(t.Context(), bucket, key, minio.StatObjectOptions{})
					return err
				}},
				{"p", func() error {
					_, err := client.PutObject(t.Context(), bucket, key, strings.NewReader("mine!"), 5, minio.PutObjectOptions{})
					return err
				}},
				{"d", func() error {
					return client.RemoveObject(t.Context(), bucket, key, minio.RemoveObjectOptions{})
				}},
			} {
				err := probe.do()
				refused := minio.ToErrorResponse(err).Code == "AccessDenied"
				if err != nil && !refused {
					t.Errorf("%s, %s in %s: %v", role, probe.right, place, err)
				}
				if refused == strings.Contains(may, probe.right) {
					t.Errorf("%s, %s in %s: refused %t", role, probe.right, place, refused)
				}
			}
		}
	}
	if _, err := lake.Assume(t.Context(), world.ObjectStore, "customer", lake.ShortestCredentials); err == nil {
		t.Error("a customer has credentials")
	}
}

func clientOf(t *testing.T, s settings.ObjectStore, as *credentials.Credentials) *minio.Client {
	t.Helper()
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	client, err := minio.New(endpoint.Host, &minio.Options{Creds: as, Region: s.Region})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// widen gives a role a policy that is not its own.
func widen(t *testing.T, s settings.ObjectStore, role string) {
	t.Helper()
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := madmin.NewWithOptions(endpoint.Host, &madmin.Options{Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, "")})
	if err != nil {
		t.Fatal(err)
	}
	account, _ := lake.Account(s, role)
	if _, err := admin.AttachPolicy(t.Context(), madmin.PolicyAssociationReq{Policies: []string{"readwrite"}, User: account}); err != nil {
		t.Fatal(err)
	}
}
