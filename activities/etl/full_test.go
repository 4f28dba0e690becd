package etl_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/minio/minio-go/v7"

	"mercado/activities/etl"
	"mercado/internal/devstack"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/warehouse"
)

// smallStore is an object store of the pipeline's own.
func (p *pipeline) smallStore() *disk {
	p.t.Helper()
	binary, err := devstack.FindBinary("minio")
	if err != nil {
		p.t.Fatal(err)
	}
	ports, err := devstack.FreePorts(p.t.Context(), 2)
	if err != nil {
		p.t.Fatal(err)
	}
	server := devstack.MinIO{Port: devstack.Port{Number: ports[0]}, Console: devstack.Port{Number: ports[1]}}
	mine := server.Settings()
	mine.BucketPrefix = p.world.ObjectStore.BucketPrefix
	folder := filepath.Join(p.world.Home, "minio")
	d := p.onDisk(folder, []string{"MINIO_ROOT_USER=" + mine.AccessKey, "MINIO_ROOT_PASSWORD=" + mine.SecretKey, "MINIO_UPDATE=off"},
		binary, "server", "--quiet", "--address", server.Port.Address(), "--console-address", server.Console.Address(), folder)
	p.eventually("the store answers", func() bool { return devstack.EnsureBuckets(p.t.Context(), mine) == nil })
	if p.Store, err = lake.Open(mine); err != nil {
		p.t.Fatal(err)
	}
	world := *p.world // whose own buckets are removed in the end
	world.ObjectStore = mine
	p.world = &world
	return d
}

// smallWarehouse is a Postgres of the pipeline's own, whose warehouse is on a disk and whose journal is not: without
// that it would not refuse a row but end.
func (p *pipeline) smallWarehouse() (*disk, *pgxpool.Pool) {
	p.t.Helper()
	binaries, err := devstack.FindPostgres()
	if err != nil {
		p.t.Fatal(err)
	}
	ports, err := devstack.FreePorts(p.t.Context(), 1)
	if err != nil {
		p.t.Fatal(err)
	}
	// Postgres refuses root, so it is nobody in a name space within.
	const script = `exec unshare --user --map-user="$(id -u nobody)" --map-group="$(id -g nobody)" sh -c '
"$1"/initdb --pgdata "$2" --username mercado --auth trust --encoding UTF8 --locale C --no-sync &&
exec "$1"/postgres -D "$2" -c listen_addresses=127.0.0.1 -c port="$3" -c unix_socket_directories= -c timezone=UTC' sh "$@"`
	folder := filepath.Join(p.world.Home, "postgres")
	d := p.onDisk(folder, nil, "sh", "-c", script, "sh", binaries, filepath.Join(p.world.Home, "journal"), fmt.Sprint(ports[0]))
	url := func(database string) string {
		return fmt.Sprintf("postgres://mercado@127.0.0.1:%d/%s", ports[0], database)
	}
	administrator, err := pgxpool.New(p.t.Context(), url("postgres"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(administrator.Close)
	p.eventually("Postgres answers", func() bool { return administrator.Ping(p.t.Context()) == nil })
	for _, statement := range []string{
		"create tablespace small location '" + folder + "'", "create database warehouse tablespace small",
	} {
		if _, err := administrator.Exec(p.t.Context(), statement); err != nil {
			p.t.Fatal(err)
		}
	}
	if _, err := store.MigrateWarehouse(p.t.Context(), url("warehouse")); err != nil {
		p.t.Fatal(err)
	}
	if p.Warehouse, err = warehouse.Open(p.t.Context(), settings.Warehouse{URL: url("warehouse"), LockTimeout: time.Minute}); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.Warehouse.Close)
	reader, err := pgxpool.New(p.t.Context(), url("warehouse"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(reader.Close)
	return d, reader
}

// An object store and then a Postgres without room: a run says whose disk it is, at which step and of what, and
// publishes nothing. One that is patient goes on by itself once there is room.
func TestRunOnFullServersSaysSo(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 20)")
	objects := p.smallStore()
	tables, analyst := p.smallWarehouse()
	p.work(p.Activities)
	read := func(query string) (answer string) {
		t.Helper()
		if err := analyst.QueryRow(t.Context(), "select ("+query+")::text").Scan(&answer); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return answer
	}

	objects.fill()
	p.eventually("the store has noticed", func() bool {
		_, err := p.objects().client.PutObject(t.Context(), p.Store.Bucket(lake.Raw), "probe", strings.NewReader("x"), 1, minio.PutObjectOptions{})
		return err != nil
	})
	tables.fill()
	days := span(t, "2026-03-01", "2026-03-02")
	_, err := p.finish(p.start(newRun(days), etl.Extract))
	if err == nil || !strings.Contains(err.Error(), "extract: ") || !strings.Contains(err.Error(), "object "+p.Store.Bucket(lake.Raw)+"/") ||
		!strings.Contains(err.Error(), "the object store is full, make room in it") {
		t.Errorf("the run ended with %v", err)
	}
	p.want("select state || tries from etl.steps where step = 'extract' and table_name = ''", fmt.Sprint("failed", tries))

	run := newRun(days)
	started := p.startPatient(run, etl.Extract, 1000)
	waits := func(step, why string) {
		t.Helper()
		p.eventually("the run waits at "+step, func() bool {
			return p.text("select exists (select from etl.steps where run_id = $1 and step = $2 and tries > 1 and error like $3)", run.ID, step, why) == "true"
		})
		if publications := read("select count(*) from warehouse.publications"); publications != "0" {
			t.Errorf("%s are published", publications)
		}
	}
	waits("extract", "%object "+p.Store.Bucket(lake.Raw)+"/%the object store is full, make room in it%")
	objects.room()
	waits("stage", "%the disk of Postgres is full, make room on it%")
	// Whether the table is being made or filled when there is no room left.
	p.want("select bool_and(error like '%' || table_name || ':%the disk of Postgres is full%') from etl.steps where step = 'stage' and error is not null", "true")
	tables.room()
	if _, err := p.finish(started); err != nil {
		t.Fatal(err)
	}
	if warehouse, shop := read(warehouseRevenue), p.text(shopRevenue); warehouse != shop || shop == "null" {
		t.Errorf("the warehouse has taken %s, the shop %s", warehouse, shop)
	}
	p.want("select string_agg(state, ',' order by started_at) from etl.runs", "failed,succeeded")
}
