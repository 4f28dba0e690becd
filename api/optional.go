package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// optional is a query parameter that may be left out, where leaving it out is not its zero value.
type optional[T any] struct {
	sent  bool
	Value T
}

// Schema implements huma.SchemaProvider.
func (optional[T]) Schema(registry huma.Registry) *huma.Schema {
	return registry.Schema(reflect.TypeFor[T](), true, "")
}

// Receiver implements huma.ParamWrapper.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&o.Value).Elem() }

// OnParamSet implements huma.ParamReactor.
func (o *optional[T]) OnParamSet(sent bool, _ any) { o.sent = sent }

// value is nil when the parameter was left out.
func (o optional[T]) value() *T {
	if !o.sent {
		return nil
	}
	return &o.Value
}
