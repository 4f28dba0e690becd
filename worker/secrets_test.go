package worker_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"mercado/api/apitest"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/order"
	"mercado/internal/temporal"
	"mercado/worker"
	"mercado/worker/workertest"
)

// What nobody may find anywhere but where it is kept.
const (
	secretPassword  = "velvet-harbour-4471-password"
	guessedPassword = "guessed-harbour-4472-password"
	newPassword     = "changed-harbour-4473-password"
	secretInBody    = "s3cr3t-4474-in-a-body"
	secretCard      = "timeout_then_approved" // a token of the provider's
	secretHash      = "$argon2id$4476"        // begins what a password is kept as
	// personalEmail is no secret to who may see it; in no log and no history is it theirs.
	personalEmail = "ana.4475@example.com"
)

// TestSecretsStayWhereTheyAre follows a customer from registration to a refund, with somebody who is told of it
// by webhooks and with every process logging all it can, and looks for what was secret in logs, those of the servers
// too, answers, the histories of all workflows and the database.
func TestSecretsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	shop := workertest.NewProcesses(t, "MERCADO_LOG_LEVEL=debug", "MERCADO_PAYMENT_TIMEOUT=500ms", "MERCADO_WEBHOOK_ALLOW_LOOPBACK=true")
	product := shop.NewProducts(1, 10)[0]
	anyone := apitest.NewClient(t, shop.URL, "")
	var answers strings.Builder
	keep := func(answer *apitest.Answer) *apitest.Answer {
		answers.Write(answer.Body)
		fmt.Fprintln(&answers, answer.Header)
		return answer
	}

	type tokens struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	}
	credentials := func(password string) map[string]string {
		return map[string]string{"username": personalEmail, "password": password}
	}
	keep(anyone.Post("/api/identity/register", map[string]any{
		"email": personalEmail, "password": secretPassword, "first_name": "Ana", "last_name": "Sousa",
	})).Want(http.StatusCreated)
	keep(anyone.Post("/api/identity/register", map[string]any{
		"email": personalEmail, "password": guessedPassword, "first_name": "Ana", "last_name": "Sousa",
	})).Want(http.StatusConflict)
	keep(anyone.Post("/api/identity/token", credentials(guessedPassword))).Want(http.StatusUnauthorized)
	session := apitest.Decode[tokens](anyone.Post("/api/identity/token", credentials(secretPassword)).Want(http.StatusOK))
	next := apitest.Decode[tokens](anyone.Post("/api/identity/token/refresh", map[string]string{"refresh_token": session.RefreshToken}).Want(http.StatusOK))
	changed := apitest.Decode[tokens](anyone.With(next.AccessToken).Post("/api/identity/password",
		map[string]string{"current_password": secretPassword, "new_password": newPassword}).Want(http.StatusOK))
	keep(anyone.Post("/api/identity/token/refresh", map[string]string{"refresh_token": session.RefreshToken})).Want(http.StatusUnauthorized)

	admin := shop.Client("--role", "admin")
	to := newReceiver(t)
	registered := to.register(admin)
	rotated := apitest.Decode[endpoint](admin.Post("/api/webhooks/endpoints/"+registered.ID.String()+"/rotate", nil).Want(http.StatusOK)).Secret

	me := anyone.With(changed.AccessToken)
	keep(me.Put(fmt.Sprintf("/api/cart/items/%d", product), map[string]any{"qty": 1})).Want(http.StatusOK)
	bought := keep(me.Post("/api/checkout", workertest.CheckoutBody(secretCard), "Idempotency-Key", uuid.NewString())).Want(http.StatusCreated)
	id := apitest.Decode[order.Document](bought).ID
	workertest.Await(t, "the order to be delivered", func() bool {
		return apitest.Decode[order.Document](keep(me.Get("/api/orders/"+id.String())).Want(http.StatusOK)).Status == order.Delivered
	})
	keep(me.Get("/api/orders/" + id.String() + "/timeline")).Want(http.StatusOK)
	keep(admin.Post("/api/orders/"+id.String()+"/refunds", map[string]any{"amount": "1.00"}, "Idempotency-Key", uuid.NewString())).Want(http.StatusCreated)
	keep(me.Post("/api/orders/"+id.String()+"/returns", units(product, 1), "Idempotency-Key", uuid.NewString())).Want(http.StatusCreated)
	to.await("refund.completed")
	keep(admin.Get("/api/webhooks/endpoints")).Want(http.StatusOK)
	keep(admin.Get("/api/webhooks/endpoints/" + registered.ID.String() + "/deliveries")).Want(http.StatusOK)
	keep(admin.Post("/api/admin/audit", nil)).Want(http.StatusAccepted)
	keep(anyone.Post("/api/webhooks/shipping", map[string]any{"secret": secretInBody}, "Carrier-Signature", secretInBody))
	refuseEverything(t, admin, keep)
	keep(anyone.Post("/api/identity/logout", map[string]string{"refresh_token": changed.RefreshToken})).Want(http.StatusNoContent)

	secrets := []string{
		secretPassword, guessedPassword, newPassword, secretInBody, secretCard, session.AccessToken, session.RefreshToken,
		next.AccessToken, next.RefreshToken, changed.AccessToken, changed.RefreshToken, registered.Secret, rotated,
	}
	wantNone := func(where, text string, also ...string) {
		t.Helper()
		for _, secret := range append(also, secrets...) {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s: …%s…", where, text[max(0, at-200):min(len(text), at+len(secret)+50)])
			}
		}
	}
	wantNone("answers", answers.String())
	for _, name := range []string{"api", "worker"} {
		log := shop.Log(name)
		if !strings.Contains(log, "level=DEBUG") {
			t.Errorf("%s does not log all it can", name)
		}
		wantNone("log of "+name, log, personalEmail)
	}
	failStatements(t, shop, id)
	for _, name := range []string{"postgres", "temporal"} {
		wantNone("log of "+name, stacktest.ServerLog(t, name), personalEmail, secretHash)
	}
	histories := historiesOf(t, shop)
	if !strings.Contains(histories, id.String()) {
		t.Errorf("the histories do not name order %s", id)
	}
	wantNone("histories", histories, personalEmail)
	for _, sent := range to.events() {
		wantNone("webhooks", sent.Body)
	}
	documents := documentsOf(t, shop) // the payment's token is cleared when it was used
	for _, signing := range []string{"secret", "previous_secret"} {
		delete(documents, "ordering.webhook_endpoints."+signing) // which signs, so its text is needed
	}
	for column, text := range documents {
		wantNone(column, text)
	}
}

// failStatements has the database refuse what holds secrets, as it does when two ask for the same at once or
// the shop has a fault, and looks whether it has logged that it did.
func failStatements(t *testing.T, shop *workertest.Processes, orderID uuid.UUID) {
	t.Helper()
	for constraint, statement := range map[string]string{
		"users_email_key":   "insert into identity.users (email, password_hash) values ($1, $2 || $3::text)",
		"users_email_check": "insert into identity.users (email, password_hash) values (replace($1, '@', ' '), $2 || $1 || $3::text)",
		"payments_check":    "update ordering.payments set token = $1 || $2, captured_amount = -1 where order_id = $3",
	} {
		marked := fmt.Sprintf("/* %s %s */ %s", orderID, constraint, statement)
		_, err := shop.DB.Pool.Exec(t.Context(), marked, personalEmail, secretHash, orderID)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.ConstraintName, constraint) {
			t.Fatalf("%s: %v", statement, err)
		}
		if log := stacktest.ServerLog(t, "postgres"); !strings.Contains(log, marked) {
			t.Errorf("the log of Postgres does not tell of %s", marked)
		}
	}
}

// refuseEverything puts the secret in place of every field of every body.
func refuseEverything(t *testing.T, client *apitest.Client, keep func(*apitest.Answer) *apitest.Answer) {
	t.Helper()
	refused := 0
	for path, item := range apitest.Document(t).Paths.Map() {
		path = strings.NewReplacer("{id}", "1", "{item_id}", "1").Replace(path)
		for method, operation := range item.Operations() {
			if operation.RequestBody == nil {
				continue
			}
			media := operation.RequestBody.Value.Content.Get("application/json")
			if media == nil || media.Schema == nil {
				continue
			}
			bodies := []any{secretInBody, `{"` + secretInBody, []string{secretInBody}}
			for name, property := range media.Schema.Value.Properties {
				if property.Value.Type.Includes("object") && len(property.Value.Properties) == 0 {
					continue // takes anything, and shows it
				}
				bodies = append(bodies, map[string]any{name: map[string]any{"x": secretInBody}}, map[string]any{name: []string{secretInBody}})
				if !strings.Contains(name, "name") { // what may be any text is taken, and shown
					bodies = append(bodies, map[string]any{name: secretInBody + "\x00"})
				}
			}
			for _, body := range bodies {
				if answer := keep(client.Do(method, path, body, "Idempotency-Key", uuid.NewString())); answer.Status >= http.StatusBadRequest {
					refused++
				}
			}
		}
	}
	if refused < 100 {
		t.Errorf("only %d bodies were refused", refused)
	}
}

var payload = regexp.MustCompile(`"(?:data|[A-Za-z]*[dD]etails)":\s*"([A-Za-z0-9+/=]+)"`)

// historiesOf is all that Temporal has kept of a shop's workflows, with what payloads hold.
func historiesOf(t *testing.T, shop *workertest.Processes) string {
	t.Helper()
	workflows, err := temporal.NewLazy(shop.World.Temporal)
	if err != nil {
		t.Fatal(err)
	}
	defer workflows.Close()
	prefix := shop.World.Temporal.TaskQueuePrefix
	query := fmt.Sprintf("TaskQueue in (%q, %q)", prefix+worker.OrdersQueue, prefix+worker.OperationsQueue)
	var listed *workflowservice.ListWorkflowExecutionsResponse
	workertest.Await(t, "every kind of workflow to be listed", func() bool {
		listed, err = workflows.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		if err != nil {
			return false
		}
		kinds := map[string]bool{}
		for _, execution := range listed.GetExecutions() {
			kinds[execution.GetType().GetName()] = true
		}
		return kinds["Checkout"] && kinds["Fulfilment"] && kinds["Refund"] && kinds["Webhooks"] && kinds["Audit"]
	})
	var text strings.Builder
	for _, execution := range listed.GetExecutions() {
		text.WriteString(historyText(t, workflows, execution.GetExecution().GetWorkflowId()))
	}
	return text.String()
}

func historyText(t *testing.T, workflows client.Client, id string) string {
	t.Helper()
	var text strings.Builder
	events := workflows.GetWorkflowHistory(t.Context(), id, "", false, 1)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := protojson.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(raw)
		for _, found := range payload.FindAllSubmatch(raw, -1) {
			if decoded, err := base64.StdEncoding.DecodeString(string(found[1])); err == nil {
				text.Write(decoded)
			}
		}
	}
	return text.String()
}

// documentsOf is what the columns of text and JSON hold, by schema, table and column.
func documentsOf(t *testing.T, shop *workertest.Processes) map[string]string {
	t.Helper()
	rows, err := shop.DB.Pool.Query(t.Context(), `
		select format('%s.%s.%s', table_schema, table_name, column_name), format('select coalesce(json_agg(%I)::text, '''') from %I.%I', column_name, table_schema, table_name)
		from information_schema.columns
		inner join information_schema.tables using (table_schema, table_name)
		where table_type = 'BASE TABLE'
			and table_schema not in ('pg_catalog', 'information_schema')
			and data_type in ('text', 'json', 'jsonb', 'character varying', 'ARRAY')`)
	if err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	for rows.Next() {
		var column, query string
		if err := rows.Scan(&column, &query); err != nil {
			t.Fatal(err)
		}
		queries[column] = query
	}
	if rows.Err() != nil || len(queries) < 20 {
		t.Fatalf("%d columns, %v", len(queries), rows.Err())
	}
	for column, query := range queries {
		var text string
		if err := shop.DB.Pool.QueryRow(t.Context(), query).Scan(&text); err != nil {
			t.Fatalf("%s: %v", column, err)
		}
		if unescaped := ""; json.Unmarshal([]byte(text), &unescaped) == nil {
			text = unescaped
		}
		queries[column] = text
	}
	return queries
}
