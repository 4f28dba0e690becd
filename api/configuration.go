package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"mercado/internal/lake"
	"mercado/internal/money"
)

// gin and huma keep these for the whole process.
func init() {
	gin.SetMode(gin.ReleaseMode)
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return validationProblem(status, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		p := validationProblem(status, errs)
		p.RequestID = requestID(ctx.Context())
		return p
	}
	// Messages such as "expected … e-mail: %v" would tell what was sent.
	format := huma.ErrorFormatter
	huma.ErrorFormatter = func(message string, args ...any) string {
		for _, arg := range args {
			if _, echoes := arg.(error); echoes {
				message, _, _ = strings.Cut(message, ": %v")
				return message
			}
		}
		return format(message, args...)
	}
}

// configuration is what the OpenAPI document says of the whole.
func configuration(version string) huma.Config {
	if version == "" {
		version = "development"
	}
	config := huma.DefaultConfig("Mercado", version)
	config.CreateHooks = nil // no $schema in answers
	config.DocsPath = ""
	config.OpenAPIPath = ""
	config.SchemasPath = ""
	config.RejectUnknownQueryParameters = true
	strict := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	config.Formats = map[string]huma.Format{"application/json": strict, "json": strict}
	config.Info.Description = "An e-commerce platform with its analytics built in. Money is a decimal string beside " +
		"its currency, times are RFC 3339 in UTC, and every failure is a problem (RFC 9457) with a stable `code`."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The `access_token` of POST /api/identity/token."},
	}
	config.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return config
}

var (
	errNotJSON    = errors.New("not valid JSON")
	errNull       = errors.New("the character U+0000 is not allowed in text")
	errDoesNotFit = errors.New("a value does not fit its field")
)

// unmarshal reads JSON with errors that tell where, and never what was sent.
func unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil && holdsNull(data):
		return errNull
	case err == nil:
		return nil
	case errors.As(err, &mistyped) && mistyped.Field != "":
		return errors.New("the value of " + mistyped.Field + " does not fit")
	case json.Valid(data):
		return errDoesNotFit
	default:
		return errNotJSON
	}
}

// holdsNull reports whether a text in the JSON document holds U+0000, which Postgres cannot keep.
func holdsNull(document []byte) bool {
	for rest := document; ; {
		at := bytes.Index(rest, []byte(`\u0000`))
		if at < 0 {
			return false
		}
		backslashes := at - len(bytes.TrimRight(rest[:at], `\`))
		if backslashes%2 == 0 {
			return true
		}
		rest = rest[at+1:]
	}
}

// aliasSchemas documents types of other packages that write themselves as text.
func aliasSchemas(registry huma.Registry) {
	registry.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[amountSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[uuid.UUID](), reflect.TypeFor[uuidSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[lake.Row](), reflect.TypeFor[rowSchema]())
}

// amountSchema documents money.Amount. Money is not negative; a field that may be says so with
// a pattern of its own.
type amountSchema struct{}

// Schema implements huma.SchemaProvider.
func (amountSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type:               huma.TypeString,
		Pattern:            `^[0-9]{1,16}(\.[0-9]{1,2})?$`,
		PatternDescription: "an amount such as 19.99, not negative",
		Examples:           []any{"19.99"},
	}
}

// rowSchema documents a row of a table of the lake: any columns.
type rowSchema struct{}

// Schema implements huma.SchemaProvider.
func (rowSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

type uuidSchema struct{}

// Schema implements huma.SchemaProvider.
func (uuidSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
}

func statusText(status int) string { return strconv.Itoa(status) }
