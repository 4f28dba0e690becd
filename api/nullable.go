package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// nullable is a field of a change that may be left out, and may be null to clear what was there
// (RFC 7396).
type nullable[T any] struct {
	value *T
	null  bool
}

// Schema implements huma.SchemaProvider.
func (nullable[T]) Schema(registry huma.Registry) *huma.Schema {
	schema := *registry.Schema(reflect.TypeFor[T](), true, "")
	schema.Nullable = true
	return &schema
}

// UnmarshalJSON implements json.Unmarshaler; it is called for null as well, and not at all for a
// field that was left out.
func (n *nullable[T]) UnmarshalJSON(text []byte) error {
	n.null = string(text) == "null"
	if n.null {
		return nil
	}
	n.value = new(T)
	return json.Unmarshal(text, n.value)
}

// orEmpty is a text that was sent, and the empty one for null; nil where it was left out.
func orEmpty(text nullable[string]) *string {
	if text.null {
		return new(string)
	}
	return text.value
}

// Resolve implements huma.ResolverWithPath: what the schema cannot say of a value is checked here as well.
func (n nullable[T]) Resolve(ctx huma.Context, path *huma.PathBuffer) []error {
	if sent, checked := any(n.value).(huma.ResolverWithPath); checked && n.value != nil {
		return sent.Resolve(ctx, path)
	}
	return nil
}
