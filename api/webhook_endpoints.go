package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/store/shopdb"
	"mercado/internal/webhook"
)

// webhookEndpoints serves whom the shop tells of the events of orders. A vendor manages their own
// endpoints, an operator all of them.
func (a *API) webhookEndpoints() {
	const path, tag = "/api/webhooks/endpoints", "webhooks"
	add := func(op operation) operation {
		op.tag, op.permission = tag, auth.ManageWebhooks
		return op
	}
	register(a, add(operation{
		id: "list-webhook-endpoints", method: http.MethodGet, path: path,
		summary: "List webhook endpoints, newest first", problems: []code{invalidCursor},
	}), a.listEndpoints)
	register(a, add(operation{
		id: "create-webhook-endpoint", method: http.MethodPost, path: path, status: http.StatusCreated,
		summary: "Have the events of orders sent somewhere", about: aboutWebhooks,
		problems: []code{webhookURLRefused, unknownEventType, tooManyEndpoints},
	}), a.createEndpoint)
	register(a, add(operation{
		id: "get-webhook-endpoint", method: http.MethodGet, path: path + "/{id}",
		summary: "Show a webhook endpoint", problems: []code{notFound},
	}), a.getEndpoint)
	register(a, add(operation{
		id: "update-webhook-endpoint", method: http.MethodPatch, path: path + "/{id}",
		summary: "Change a webhook endpoint, or switch it off or on",
		about:   "What is left out stays; null clears `description`.", problems: []code{notFound, webhookURLRefused, unknownEventType},
	}), a.updateEndpoint)
	register(a, add(operation{
		id: "delete-webhook-endpoint", method: http.MethodDelete, path: path + "/{id}",
		summary: "Delete a webhook endpoint with its deliveries", problems: []code{notFound},
	}), a.deleteEndpoint)
	register(a, add(operation{
		id: "rotate-webhook-secret", method: http.MethodPost, path: path + "/{id}/rotate",
		summary: "Sign by a new secret", about: "For a day the secret before signs as well.", problems: []code{notFound},
	}), a.rotateSecret)
}

const aboutWebhooks = "Each event is posted as JSON, `{id, type, occurred_at, data}`, signed as Standard Webhooks asks: " +
	"`webhook-signature` holds `v1,` and the base64 of the HMAC-SHA256 of `webhook-id.webhook-timestamp.body` under the " +
	"secret without its prefix. Answer 2xx within 15 seconds. An event that is not taken is offered again, less and less " +
	"often, for about a day; the later events of its order wait for it. It may arrive twice: `webhook-id` is the same then. " +
	"An endpoint that takes nothing for five days is switched off. A vendor is told of their own shipments, returns and lines only. " +
	"The URL must be https on port 443 or 8443, and not lead into a private network; redirects are not followed."

// EndpointBody is a webhook endpoint as it is shown.
type EndpointBody struct {
	ID             uuid.UUID   `json:"id"`
	VendorID       *int64      `json:"vendor_id" doc:"Whose it is; null for one of the operators."`
	URL            string      `json:"url"`
	Description    string      `json:"description"`
	EventTypes     []eventType `json:"event_types" doc:"Those that are sent; empty: all."`
	IsActive       bool        `json:"is_active"`
	DisabledReason *string     `json:"disabled_reason" doc:"Why it is switched off: by_owner, or failing after days without a success."`
	FailingSince   *time.Time  `json:"failing_since" doc:"The first failure since the last success."`
	CreatedAt      time.Time   `json:"created_at"`
	UpdatedAt      time.Time   `json:"updated_at"`
}

func endpointBodyOf(row shopdb.OrderingWebhookEndpoint) EndpointBody {
	return EndpointBody{
		ID: row.ID, VendorID: row.VendorID, URL: row.Url, Description: row.Description, EventTypes: eventTypesOf(row.EventTypes),
		IsActive: row.IsActive, DisabledReason: row.DisabledReason, FailingSince: row.FailingSince,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(),
	}
}

func eventTypesOf(kept []string) []eventType {
	types := make([]eventType, len(kept))
	for i, one := range kept {
		types[i] = eventType(one)
	}
	return types
}

// ownEndpoints is whose endpoints the request may manage; nil for everybody's.
func ownEndpoints(ctx context.Context) *int64 {
	principal := principalOf(ctx)
	if principal.Has(auth.Admin) {
		return nil
	}
	return &principal.VendorID
}

type endpointsInput struct {
	Page
}

type endpointsOutput struct {
	Body List[EndpointBody]
}

func (a *API) listEndpoints(ctx context.Context, in *endpointsInput) (*endpointsOutput, error) {
	asked := shopdb.ListWebhookEndpointsParams{VendorID: ownEndpoints(ctx), Page: in.fetch()}
	if err := in.after(&asked.Before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListWebhookEndpoints(ctx, asked)
	if err != nil {
		return nil, err
	}
	return &endpointsOutput{paged(in.Page, rows, endpointBodyOf, func(row shopdb.OrderingWebhookEndpoint) any { return row.ID })}, nil
}

type createEndpointInput struct {
	Body struct {
		URL         string      `json:"url" minLength:"8" maxLength:"2000"`
		Description string      `json:"description,omitempty" maxLength:"200"`
		EventTypes  []eventType `json:"event_types,omitempty" maxItems:"50" nullable:"false" doc:"None: all."`
	} `nameHint:"NewWebhookEndpoint"`
}

type secretBody struct {
	Secret string `json:"secret" doc:"Signs what is sent. Shown this once."`
}

type createdEndpoint struct {
	Location string `header:"Location"`
	Body     struct {
		EndpointBody
		Secret string `json:"secret" doc:"Signs what is sent. Shown this once."`
	} `nameHint:"CreatedWebhookEndpoint"`
}

func (a *API) createEndpoint(ctx context.Context, in *createEndpointInput) (*createdEndpoint, error) {
	if err := a.checkReceiver(in.Body.URL); err != nil {
		return nil, err
	}
	types, err := checkEventTypes(in.Body.EventTypes)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	secret := webhook.NewSecret()
	err = a.DB.AddEndpoint(ctx, shopdb.AddWebhookEndpointParams{
		ID: id, VendorID: ownEndpoints(ctx), Url: in.Body.URL, Description: in.Body.Description,
		EventTypes: types, Secret: secret,
	})
	if err != nil {
		return nil, err
	}
	row, err := a.DB.FindEndpoint(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	out := &createdEndpoint{Location: "/api/webhooks/endpoints/" + id.String()}
	out.Body.EndpointBody, out.Body.Secret = endpointBodyOf(row), secret
	return out, nil
}

// checkReceiver refuses what is seen to be no receiver. What a name leads to is looked at again
// each time it is connected to.
func (a *API) checkReceiver(url string) error {
	if webhook.RulesOf(a.Environment, a.Webhooks).CheckURL(url) != nil {
		return problem(webhookURLRefused)
	}
	return nil
}

// EndpointByID names a webhook endpoint in a path.
type EndpointByID struct {
	ID uuid.UUID `path:"id"`
}

type endpointOutput struct {
	Body EndpointBody
}

func (a *API) getEndpoint(ctx context.Context, in *EndpointByID) (*endpointOutput, error) {
	row, err := a.DB.FindEndpoint(ctx, in.ID, ownEndpoints(ctx))
	if err != nil {
		return nil, err
	}
	return &endpointOutput{endpointBodyOf(row)}, nil
}

type updateEndpointInput struct {
	EndpointByID
	Body struct {
		URL         *string          `json:"url,omitempty" minLength:"8" maxLength:"2000"`
		Description nullable[string] `json:"description,omitempty" maxLength:"200"`
		EventTypes  *[]eventType     `json:"event_types,omitempty" maxItems:"50" nullable:"false" doc:"None: all."`
		IsActive    *bool            `json:"is_active,omitempty"`
	} `nameHint:"WebhookEndpointChange"`
}

func (a *API) updateEndpoint(ctx context.Context, in *updateEndpointInput) (*endpointOutput, error) {
	if _, err := a.DB.FindEndpoint(ctx, in.ID, ownEndpoints(ctx)); err != nil {
		return nil, err
	}
	change := shopdb.ChangeWebhookEndpointParams{ID: in.ID, Url: in.Body.URL, Description: orEmpty(in.Body.Description), IsActive: in.Body.IsActive}
	if in.Body.URL != nil {
		if err := a.checkReceiver(*in.Body.URL); err != nil {
			return nil, err
		}
	}
	if in.Body.EventTypes != nil {
		types, err := checkEventTypes(*in.Body.EventTypes)
		if err != nil {
			return nil, err
		}
		change.EventTypes = types
	}
	row, err := a.DB.ChangeEndpoint(ctx, change)
	if err != nil {
		return nil, err
	}
	return &endpointOutput{endpointBodyOf(row)}, nil
}

func (a *API) deleteEndpoint(ctx context.Context, in *EndpointByID) (*struct{}, error) {
	if _, err := a.DB.FindEndpoint(ctx, in.ID, ownEndpoints(ctx)); err != nil {
		return nil, err
	}
	return nil, a.DB.DeleteWebhookEndpoint(ctx, in.ID)
}

type secretOutput struct {
	Body secretBody
}

func (a *API) rotateSecret(ctx context.Context, in *EndpointByID) (*secretOutput, error) {
	if _, err := a.DB.FindEndpoint(ctx, in.ID, ownEndpoints(ctx)); err != nil {
		return nil, err
	}
	secret := webhook.NewSecret()
	if err := a.DB.RotateWebhookSecret(ctx, shopdb.RotateWebhookSecretParams{ID: in.ID, Secret: secret}); err != nil {
		return nil, err
	}
	return &secretOutput{secretBody{secret}}, nil
}
