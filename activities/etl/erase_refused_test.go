package etl_test

import (
	"strings"

	"go.temporal.io/sdk/temporal"

	"mercado/workflows"
)

// refused asks for erasures that cannot be.
func (p *pipeline) refused() {
	p.t.Helper()
	_, stderr, code := p.ran("erase", "--customer", "4711")
	if code != 1 || !strings.Contains(stderr, "there is no customer 4711") {
		p.t.Errorf("erased nobody: code %d, %s", code, stderr)
	}
	order := p.text("select min(id::text) from ordering.orders where customer_id = 9 and status = 'confirmed'")
	_, stderr, code = p.ran("erase", "--customer", "9")
	if code != 1 || !strings.Contains(stderr, order) {
		p.t.Errorf("erased somebody whose order %s is on its way: code %d, %s", order, code, stderr)
	}
	p.exec("insert into identity.user_roles (user_id, role) select id, 'admin' from identity.users where customer_id = 8")
	_, stderr, code = p.ran("erase", "--customer", "8")
	if code != 1 || !strings.Contains(stderr, "take these roles away first") {
		p.t.Errorf("erased an operator: code %d, %s", code, stderr)
	}
	p.keep("etl_erase_refused", workflows.EraseID(p.queue(), zyx))
	p.exec("delete from identity.user_roles where role = 'admin'")
	p.want("select count(*) from identity.customers where not is_active", "0")
	p.want("select count(*) from etl.maintenance where ended_at is null", "0")
}

// cancelled asks for an erasure that has to wait, and cancels it: nothing has changed.
func (p *pipeline) cancelled() {
	p.t.Helper()
	p.exec(`insert into etl.runs (id, interval_from, interval_to, attempt, execution, trigger, state, workflow_id, model_version, execution_started_at)
		values (gen_random_uuid(), '2026-04-01', '2026-04-02', 1, 1, 'manual', 'running', 'another', '', now())`)
	started, err := workflows.StartErase(p.t.Context(), p.temporal, p.queue(), workflows.EraseInput{CustomerID: zyx, Tries: tries})
	if err != nil {
		p.t.Fatal(err)
	}
	p.eventually("the erasure waits", func() bool {
		return strings.Contains(p.details(started), "waiting for the end of 1 runs that are under way")
	})
	if err := p.temporal.CancelWorkflow(p.t.Context(), started.GetID(), started.GetRunID()); err != nil {
		p.t.Fatal(err)
	}
	if err := started.Get(p.t.Context(), nil); !temporal.IsCanceledError(err) {
		p.t.Errorf("cancelled, the erasure ended with %v", err)
	}
	p.keep("etl_erase_cancelled", started.GetID())
	p.exec("delete from etl.runs where workflow_id = 'another'")
	p.want("select count(*) from identity.customers where not is_active", "0")
	p.want("select count(*) from etl.maintenance where ended_at is null", "0")
}
