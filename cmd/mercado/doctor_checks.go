package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"mercado/internal/devstack"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal/search"
	"mercado/runs"
	"mercado/worker"
)

// leastDisk is the free space that a first run with demo data and its lake needs.
const leastDisk = 2 << 30

// patient holds the connections that several checks use.
type patient struct {
	db        *store.DB
	workflows client.Client
}

// examinations is everything the doctor looks at, in the order it is printed.
func examinations(c *DoctorCmd, g *Globals, p *patient) []examination {
	const up = "start everything with `mercado up`, or give the address in "
	const shop = "shop database"
	return []examination{
		{name: "program postgres", examine: programVersion(postgresProgram),
			advice: "run `make up`, which installs it"},
		{name: "program temporal", examine: programVersion(serverProgram("temporal")),
			advice: "run `make up`, which builds it"},
		{name: "program minio", examine: programVersion(serverProgram("minio")),
			advice: "run `make up`, which builds it"},
		{name: "program curl", examine: programVersion(inPath("curl")),
			advice: "run `make up`, which installs it; the documents use it"},
		{name: "program psql", examine: programVersion(inPath("psql")),
			advice: "run `make up`, which installs it; the documents use it"},
		{name: "disk space", examine: diskSpace(g.Home),
			advice: "free some space, or move MERCADO_HOME"},
		{name: shop, examine: p.postgres, address: hostOf(c.Database.URL),
			advice: up + "MERCADO_DATABASE_URL"},
		{name: "shop schema", examine: upToDate(store.PendingShop, c.Database.URL), needs: shop,
			advice: "run `mercado migrate`"},
		{name: "warehouse schema", examine: upToDate(store.PendingWarehouse, c.Analytics.URL), address: hostOf(c.Analytics.URL),
			advice: up + "MERCADO_WAREHOUSE_URL, then run `mercado migrate`"},
		{name: "temporal", examine: p.temporal(c.Temporal), address: c.Temporal.Address,
			advice: up + "TEMPORAL_ADDRESS"},
		{name: "search attributes", examine: p.searchAttributes(c.Namespace), needs: "temporal",
			advice: "run that command; loads wait until they are there"},
		{name: "temporal ui", examine: answers(c.UI), address: hostOf(c.UI),
			advice: "start `mercado up`, or correct MERCADO_TEMPORAL_UI"},
		{name: "object store", examine: buckets(c.ObjectStore), address: hostOf(c.ObjectStore.Endpoint),
			advice: up + "MERCADO_S3_ENDPOINT"},
		{name: "payment provider", examine: answers(c.PaymentURL), address: hostOf(c.PaymentURL),
			advice: up + "MERCADO_PAYMENT_URL"},
		{name: "carrier", examine: answers(c.CarrierURL), address: hostOf(c.CarrierURL),
			advice: up + "MERCADO_CARRIER_URL"},
		{name: "orders worker", examine: p.worker(c.TaskQueuePrefix + worker.OrdersQueue), needs: shop,
			advice: "start `mercado worker`"},
		{name: "etl worker", examine: p.worker(c.TaskQueuePrefix + worker.ETLQueue), needs: shop,
			advice: "start `mercado worker`"},
		{name: "maintenance", examine: p.maintenance(c.Temporal), needs: shop,
			advice: "a worker ends it within two minutes, unless half a customer is erased: then ask for that once more with `mercado erase`"},
		{name: "freshness", examine: p.freshness(c.Freshness), needs: shop,
			advice: "`mercado etl status` tells what has failed, `mercado etl schedules` what is paused; docs/runbooks/etl-run-failed.md"},
		{name: "api", address: c.API.Addr, advice: "start `mercado api`; its log under `mercado up` is logs/api.log in the home",
			examine: func(ctx context.Context) (string, error) { return apiURL(c.API.Addr), ready(ctx, c.API.Addr) }},
	}
}

// hostOf returns the host:port of a URL.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

func postgresProgram() (string, error) {
	folder, err := devstack.FindPostgres()
	return filepath.Join(folder, "postgres"), err
}

func serverProgram(name string) func() (string, error) {
	return func() (string, error) { return devstack.FindBinary(name) }
}

func inPath(name string) func() (string, error) {
	return func() (string, error) { return exec.LookPath(name) }
}

// programVersion asks a program for its version; the first line of the answer is enough.
func programVersion(find func() (string, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		path, err := find()
		if err != nil {
			return "", err
		}
		output, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return "", fmt.Errorf("%s --version: %w", path, err)
		}
		line, _, _ := strings.Cut(string(output), "\n")
		return line + " in " + path, nil
	}
}

func diskSpace(home string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		var space syscall.Statfs_t
		folder := home
		for syscall.Statfs(folder, &space) != nil { // the home is made by the first `mercado up`
			parent := filepath.Dir(folder)
			if parent == folder {
				return "", errors.New("the file system does not say how much is free")
			}
			folder = parent
		}
		free := space.Bavail * uint64(space.Bsize)
		found := fmt.Sprintf("%s free for %s", humanize.IBytes(free), home)
		if free < leastDisk {
			return "", fmt.Errorf("only %s, %s are needed", found, humanize.IBytes(leastDisk))
		}
		return found, nil
	}
}

func (p *patient) postgres(ctx context.Context) (string, error) {
	connection, err := p.db.Pool.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer connection.Release()
	config := connection.Conn().Config()
	version := connection.Conn().PgConn().ParameterStatus("server_version")
	return fmt.Sprintf("Postgres %s at %s, database %s", version, net.JoinHostPort(config.Host, fmt.Sprint(config.Port)), config.Database), nil
}

func upToDate(pending func(context.Context, string) ([]string, error), database string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		files, err := pending(ctx, database)
		if err == nil && len(files) > 0 {
			err = fmt.Errorf("%d migrations are missing: %s", len(files), strings.Join(files, ", "))
		}
		return "up to date", err
	}
}

func (p *patient) temporal(s settings.Temporal) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		answer, err := p.workflows.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: s.Namespace})
		if err != nil {
			return "", err
		}
		retention := answer.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
		return fmt.Sprintf("namespace %s at %s, histories are kept for %d days", s.Namespace, s.Address, int(retention.Hours()/24)), nil
	}
}

func (p *patient) searchAttributes(namespace string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		return "loads can be found by run, day, step and table", search.Check(ctx, p.workflows, namespace)
	}
}

func buckets(s settings.ObjectStore) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		missing, err := devstack.MissingBuckets(ctx, s)
		if err == nil && len(missing) > 0 {
			err = fmt.Errorf("no bucket %s: `mercado up` makes them", strings.Join(missing, ", "))
		}
		return s.Endpoint + ", all buckets there", err
	}
}

// answers asks whether anything answers HTTP at the address, whatever it says.
func answers(address string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return "", err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		return address, answer.Body.Close()
	}
}

func (p *patient) worker(taskQueue string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		workers, err := p.db.WorkersAnnounced(ctx, taskQueue)
		if err == nil && workers == 0 {
			err = errors.New("no process works on this task queue")
		}
		return fmt.Sprintf("%d on the task queue %s", workers, taskQueue), err
	}
}

// maintenance looks whether what loads may wait for gets on.
func (p *patient) maintenance(s settings.Temporal) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		underWay, err := p.db.MaintenanceUnderWay(ctx)
		if err != nil || len(underWay) == 0 {
			return "none is under way", err
		}
		lost, err := runs.New(p.db, p.workflows, s, 0).LostMaintenance(ctx, 0)
		if err == nil && len(lost) > 0 {
			err = fmt.Errorf("nothing carries out the %s any more, under way since %s: %s", lost[0], lost[0].BeganAt.Format(time.DateTime), lost[0].Why)
		}
		return maintenanceLine(underWay[0]), err
	}
}

// freshness looks how old what the warehouse has is.
func (p *patient) freshness(limits settings.Freshness) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		until, err := p.db.LoadedUntil(ctx)
		if errors.Is(err, pgx.ErrNoRows) {
			return "nothing has been loaded into the warehouse yet", nil
		}
		if err != nil {
			return "", err
		}
		now := time.Now()
		found := fmt.Sprintf("the warehouse has everything up to %s, %s ago", until.UTC().Format(time.RFC3339), now.Sub(until).Truncate(time.Minute))
		switch warn, failed := limits.Passed(until, now); {
		case failed:
			return "", errors.New(found)
		case warn:
			return "", warning(found)
		default:
			return found, nil
		}
	}
}
