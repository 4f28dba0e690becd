package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mercado/internal/auth"
)

// operation is one method of one path: what the documentation says of it, and who may call it.
type operation struct {
	id          string // kebab-case, unique, stable: clients are generated from it
	method      string
	path        string
	summary     string
	about       string // more than the summary, in Markdown; may be empty
	tag         string
	permission  auth.Permission
	status      int    // of success; 0: 200 with a body, 204 without
	later       bool   // may answer 202 with the same body: what was asked for is still being done
	upload      string // the media type of a body that is streamed, up to maxUpload; "": there is none
	revalidated bool   // carries an ETag, and may answer 304
	problems    []code // beyond those that every operation may answer with
}

// patience is how long an operation may take before its client is told to try again. One that
// answers later if need be has checkoutPatience on top. See also Serve, which cuts answers off.
const patience = 10 * time.Second

// maxBody is the largest body that is read, in bytes.
const maxBody = 1 << 20

// permissionKey is where an operation keeps its permission, in the OpenAPI document as well.
const permissionKey = "x-permission"

// register serves op by handle. It panics on an operation without a permission.
func register[I, O any](a *API, op operation, handle func(context.Context, *I) (*O, error)) {
	if !op.permission.Known() {
		panic("operation " + op.id + " declares no permission")
	}
	codes := op.codes(takesBody[I]() || op.upload != "")
	for _, c := range codes {
		if problems[c].status == 0 {
			panic("operation " + op.id + " declares the unknown code " + string(c))
		}
	}
	a.operations = append(a.operations, op)
	documented := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path,
		Summary: op.summary, Description: op.about, Tags: []string{op.tag},
		DefaultStatus: op.status,
		Responses:     responses(codes),
		MaxBodyBytes:  maxBody + 1, // huma refuses what has this size; readBody has refused it before
		// readBody has read it: a read deadline left behind would cancel a long request.
		BodyReadTimeout: -1,
		Extensions:      map[string]any{permissionKey: string(op.permission)},
	}
	if op.permission != auth.Open {
		documented.Security = []map[string][]string{{"token": {}}}
		if op.permission == auth.Public {
			documented.Security = append(documented.Security, map[string][]string{})
		}
	}
	if op.upload != "" {
		documented.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			op.upload: {Schema: &huma.Schema{Type: huma.TypeString}},
		}}
	}
	limit := patience
	if op.upload != "" {
		limit += uploadTimeLimit
	}
	if op.later {
		limit += checkoutPatience
	}
	huma.Register(a.huma, documented, func(ctx context.Context, in *I) (*O, error) {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		out, err := handle(limited, in)
		if err != nil {
			return nil, a.explain(ctx, err)
		}
		return out, nil
	})
	a.refine(op)
}

// refine makes the document say what huma does not: a missing idempotency key is refused by
// IdempotencyKey rather than by validation, but required it is; an answer may come later; and
// null, in a field that may be left out, is the same as leaving it out, unless the operation says that it
// clears the field.
func (a *API) refine(op operation) {
	item := a.huma.OpenAPI().Paths[op.path]
	for _, documented := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
		if documented == nil || documented.OperationID != op.id {
			continue
		}
		for _, parameter := range documented.Parameters {
			parameter.Required = parameter.Required ||
				(parameter.Name == idempotencyHeader && slices.Contains(op.problems, idempotencyKeyMissing))
		}
		if op.later {
			accepted := *documented.Responses[statusText(op.status)]
			accepted.Description = http.StatusText(http.StatusAccepted)
			documented.Responses[statusText(http.StatusAccepted)] = &accepted
		}
		if op.revalidated {
			documented.Responses[statusText(http.StatusNotModified)] = &huma.Response{
				Description: http.StatusText(http.StatusNotModified), Headers: documented.Responses["200"].Headers,
			}
		}
		if documented.RequestBody != nil {
			for _, media := range documented.RequestBody.Content {
				allowNull(a.huma.OpenAPI().Components.Schemas, media.Schema, map[*huma.Schema]bool{})
			}
		}
	}
}

// allowNull documents null in every optional field of schema, at any depth.
func allowNull(registry huma.Registry, schema *huma.Schema, seen map[*huma.Schema]bool) {
	if schema != nil && schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	if schema == nil || seen[schema] {
		return
	}
	seen[schema] = true
	allowNull(registry, schema.Items, seen)
	for name, property := range schema.Properties {
		allowNull(registry, property, seen)
		property.Nullable = property.Nullable || (property.Ref == "" && !slices.Contains(schema.Required, name))
	}
}

// explain turns a handler's error into the problem for the client, and logs what is our fault.
func (a *API) explain(ctx context.Context, err error) *Problem {
	p, internal := problemOf(err)
	if !p.kept {
		p.RequestID = requestID(ctx)
	}
	if internal && ctx.Err() == nil {
		a.Log.ErrorContext(ctx, "request failed", "request_id", requestID(ctx), "error", err)
	}
	if p.Code == unavailable || p.Code == busy {
		p.headers.Set("Retry-After", "1")
	}
	if p.Status == http.StatusUnauthorized {
		p.headers.Set("WWW-Authenticate", "Bearer")
	}
	return p
}

// codes lists every problem that the operation may answer with.
func (op operation) codes(takesBody bool) []code {
	codes := append(slices.Clone(op.problems), validationFailed, internalError, unavailable)
	if op.permission != auth.Open {
		codes = append(codes, invalidToken, expiredToken)
	}
	if op.permission != auth.Open && op.permission != auth.Public {
		codes = append(codes, unauthenticated, forbidden)
	}
	if takesBody {
		codes = append(codes, malformedBody, bodyTimeout, unsupportedMediaType)
	}
	return append(codes, bodyTooLarge)
}

// responses documents the problems, by status, each with its codes.
func responses(codes []code) map[string]*huma.Response {
	byStatus := map[string][]string{}
	for _, c := range codes {
		status := statusText(problems[c].status)
		byStatus[status] = append(byStatus[status], "`"+string(c)+"`")
	}
	documented := map[string]*huma.Response{}
	for status, names := range byStatus {
		slices.Sort(names)
		documented[status] = &huma.Response{
			Description: strings.Join(slices.Compact(names), ", "),
			Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}},
			},
		}
	}
	return documented
}

func takesBody[I any]() bool {
	_, decoded := reflect.TypeFor[I]().FieldByName("Body")
	_, raw := reflect.TypeFor[I]().FieldByName("RawBody")
	return decoded || raw
}
