package stacktest_test

import (
	"context"
	"os/exec"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"go.temporal.io/sdk/client"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
	"mercado/internal/store"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

func TestWorldsAreApart(t *testing.T) {
	t.Parallel()
	one, other := stacktest.New(t), stacktest.New(t)

	if one.Database.URL == other.Database.URL {
		t.Errorf("two worlds share the database %s", one.Database.URL)
	}
	if one.ObjectStore.BucketPrefix == other.ObjectStore.BucketPrefix {
		t.Errorf("two worlds share the buckets %s", one.ObjectStore.BucketPrefix)
	}
	if one.Temporal.TaskQueuePrefix == other.Temporal.TaskQueuePrefix {
		t.Errorf("two worlds share the task queues %s", one.Temporal.TaskQueuePrefix)
	}
	insert := `insert into identity.customers (first_name, last_name, email) values ('Ada', 'Byron', 'ada@example.com')`
	for _, world := range []*stacktest.World{one, other} {
		if _, err := connect(t, world.Database.URL).Exec(t.Context(), insert); err != nil {
			t.Errorf("insert into a fresh database: %v", err)
		}
	}
}

func TestWorldIsMigrated(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	for name, migrate := range map[string]func(context.Context, string) ([]store.Migration, error){
		"shop": store.MigrateShop, "warehouse": store.MigrateWarehouse,
	} {
		applied, err := migrate(t.Context(), world.Database.URL)
		if err != nil || len(applied) > 0 {
			t.Errorf("%s: %d migrations were missing, %v", name, len(applied), err)
		}
	}
}

func TestWorldHasBucketsAndTemporal(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	buckets := bucketsOf(t, world.ObjectStore)
	for _, zone := range []string{"raw", "clean", "work", "gold"} {
		if !slices.Contains(buckets, world.ObjectStore.BucketPrefix+zone) {
			t.Errorf("no bucket for %s among %v", zone, buckets)
		}
	}
	temporal, err := client.DialContext(t.Context(), client.Options{HostPort: world.Temporal.Address, Namespace: world.Temporal.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Close()
	if _, err := temporal.CheckHealth(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeftOfAWorld(t *testing.T) {
	t.Parallel()
	var gone *stacktest.World
	t.Run("world", func(t *testing.T) {
		gone = stacktest.New(t)
		store := objectStore(t, gone.ObjectStore)
		if _, err := store.FPutObject(t.Context(), gone.ObjectStore.BucketPrefix+"raw", "a/b", "stacktest.go", minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
		connect(t, gone.Database.URL) // an open connection must not keep the database
	})
	if _, err := pgx.Connect(t.Context(), gone.Database.URL); err == nil {
		t.Error("the database is still there")
	}
	if slices.Contains(bucketsOf(t, gone.ObjectStore), gone.ObjectStore.BucketPrefix+"raw") {
		t.Error("a bucket is still there")
	}
}

func TestChildFindsItsWorld(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	migrate := exec.CommandContext(t.Context(), stacktest.Binary(t), "migrate", "--output", "json")
	migrate.Env = world.Env()
	output, err := migrate.CombinedOutput()
	if err != nil || string(output) != "[]\n" {
		t.Errorf("mercado migrate in a migrated world: %v, %s", err, output)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close(context.Background()) })
	return connection
}

func bucketsOf(t *testing.T, s settings.ObjectStore) []string {
	t.Helper()
	infos, err := objectStore(t, s).ListBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, info := range infos {
		names = append(names, info.Name)
	}
	return names
}

func objectStore(t *testing.T, s settings.ObjectStore) *minio.Client {
	t.Helper()
	store, err := minio.New(s.Endpoint[len("http://"):], &minio.Options{Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, "")})
	if err != nil {
		t.Fatal(err)
	}
	return store
}
