package warehouse_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestRolesMayDoInTheWarehouseWhatTheyAreToAndNoMore probes the real grants, by logins that are of a
// role and of nothing else.
func TestRolesMayDoInTheWarehouseWhatTheyAreToAndNoMore(t *testing.T) {
	t.Parallel()
	db := setup(t)
	const insufficientPrivilege = "42501"
	statements := map[string]string{
		"read sales":            "select count(*) from warehouse.sales",
		"read customers":        "select count(*) from warehouse.customer",
		"read what is new":      "select count(*) from warehouse.of_tomorrow",
		"write sales":           "delete from warehouse.sales",
		"write vendors":         "insert into warehouse.vendor values (1, 'Vendor', 'PT', now(), true)",
		"drop sales":            "drop table warehouse.sales",
		"make a table":          "create table warehouse.mine (id bigint)",
		"read staging":          "select count(*) from staging.of_a_run",
		"read the shop":         "select count(*) from identity.customers",
		"read the shop's sales": "select count(*) from ordering.orders",
		"read runs":             "select count(*) from etl.runs",
	}
	reads := map[string]bool{"read sales": true, "read customers": true, "read what is new": true}
	may := map[string]map[string]bool{
		"mercado_bi_analyst":     reads,
		"mercado_data_scientist": reads,
		"mercado_data_engineer": {
			"read sales": true, "read customers": true, "read what is new": true, "write sales": true, "write vendors": true, "read staging": true,
		},
	}
	for _, table := range []string{"warehouse.of_tomorrow", "staging.of_a_run"} {
		if _, err := db.Pool.Exec(t.Context(), "create table "+table+" (id bigint)"); err != nil {
			t.Fatal(err)
		}
	}
	for role, allowed := range may {
		err := pgx.BeginFunc(t.Context(), db.Pool, func(tx pgx.Tx) error {
			login := "probe_" + role
			// Of this transaction alone: logins belong to the server, which other tests use.
			if _, err := tx.Exec(t.Context(), fmt.Sprintf("create role %s login; grant %s to %s; set local role %s", login, role, login, login)); err != nil {
				return err
			}
			for what, statement := range statements {
				refused := false
				err := pgx.BeginFunc(t.Context(), tx, func(probe pgx.Tx) error {
					_, err := probe.Exec(t.Context(), statement)
					var answer *pgconn.PgError
					if refused = errors.As(err, &answer) && answer.Code == insufficientPrivilege; refused || err == nil {
						return errUndo
					}
					return err
				})
				if !errors.Is(err, errUndo) {
					return fmt.Errorf("%s: %w", what, err)
				}
				if refused == allowed[what] {
					t.Errorf("%s, %s: refused %t", role, what, refused)
				}
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatalf("%s: %v", role, err)
		}
	}
}

var errUndo = errors.New("nothing of it stays")
