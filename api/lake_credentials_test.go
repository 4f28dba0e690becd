package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/devstack"
)

const credentialsPath = "/api/lake/credentials"

func TestCredentialsOfTheLakeAreThoseOfARoleOnesOwn(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	if err := devstack.EnsureRoles(t.Context(), shop.World.ObjectStore); err != nil {
		t.Fatal(err)
	}
	as := func(roles ...auth.Role) *apitest.Client { return shop.As(auth.Principal{Roles: roles}) }
	for _, test := range []struct {
		client *apitest.Client
		asked  map[string]any
		role   auth.Role
		sees   []string // zones
	}{
		{as(auth.BIAnalyst), map[string]any{}, auth.BIAnalyst, []string{"gold"}},
		{as(auth.BIAnalyst, auth.DataScientist), map[string]any{}, auth.DataScientist, []string{"work", "gold"}},
		{as(auth.BIAnalyst, auth.DataScientist), map[string]any{"role": "bi_analyst"}, auth.BIAnalyst, []string{"gold"}},
		{as(auth.DataEngineer), map[string]any{"minutes": 15}, auth.DataEngineer, []string{"raw", "clean", "work", "gold"}},
		{shop.Admin(), map[string]any{"role": "data_scientist"}, auth.DataScientist, []string{"work", "gold"}},
	} {
		var given struct {
			Role         auth.Role         `json:"role"`
			AccessKey    string            `json:"access_key"`
			SecretKey    string            `json:"secret_key"`
			SessionToken string            `json:"session_token"`
			ExpiresAt    time.Time         `json:"expires_at"`
			Endpoint     string            `json:"endpoint"`
			Region       string            `json:"region"`
			Buckets      map[string]string `json:"buckets"`
		}
		asked := time.Now()
		answer := test.client.Post(credentialsPath, test.asked).Want(http.StatusCreated)
		answer.Into(&given)
		if given.Role != test.role || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v gave role %s, %v", test.asked, given.Role, answer.Header)
		}
		want := time.Hour
		if minutes, chosen := test.asked["minutes"].(int); chosen {
			want = time.Duration(minutes) * time.Minute
		}
		if late := given.ExpiresAt.Sub(asked.Add(want)).Abs(); late > time.Minute {
			t.Errorf("%v lasts until %s, asked at %s", test.asked, given.ExpiresAt, asked)
		}
		endpoint, err := url.Parse(given.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		client, err := minio.New(endpoint.Host, &minio.Options{
			Creds: credentials.NewStaticV4(given.AccessKey, given.SecretKey, given.SessionToken), Region: given.Region,
		})
		if err != nil {
			t.Fatal(err)
		}
		var sees []string
		for _, zone := range []string{"raw", "clean", "work", "gold"} {
			if exists, err := client.BucketExists(t.Context(), given.Buckets[zone]); exists && err == nil {
				sees = append(sees, zone)
			}
		}
		if !slices.Equal(sees, test.sees) {
			t.Errorf("%s sees %v, want %v", given.Role, sees, test.sees)
		}
	}
	as(auth.DataScientist).Post(credentialsPath, map[string]any{"role": "data_engineer"}).WantProblem(http.StatusForbidden, "forbidden")
	shop.Customer(1).Post(credentialsPath, map[string]any{}).WantProblem(http.StatusForbidden, "forbidden")
	as(auth.BIAnalyst).Post(credentialsPath, map[string]any{"minutes": 14}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	as(auth.BIAnalyst).Post(credentialsPath, map[string]any{"role": "admin"}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")

	away := apitest.New(t, func(deps *api.Deps) { deps.Objects.Endpoint = "http://127.0.0.1:1" })
	away.Admin().Post(credentialsPath, map[string]any{}).WantProblem(http.StatusServiceUnavailable, "unavailable")
}
