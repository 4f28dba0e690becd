package api

import (
	"fmt"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"mercado/internal/order"
)

// eventType is one of order.EventTypes.
type eventType string

// Schema implements huma.SchemaProvider. The types are told and not checked by the schema: what is
// unknown is refused by checkEventTypes, which has a code of its own for it.
func (eventType) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: `^[a-z]+\.[a-z_]+$`, PatternDescription: "the type of an event",
		Extensions: map[string]any{"enum": order.EventTypes},
	}
}

// checkEventTypes refuses types of which nobody will ever be told, and gives the others as the store
// takes them: each once.
func checkEventTypes(sent []eventType) ([]string, error) {
	types := []string{}
	for i, one := range sent {
		if !slices.Contains(order.EventTypes, string(one)) {
			return nil, problem(unknownEventType, FieldProblem{fmt.Sprintf("body.event_types[%d]", i), "expected a type of event"})
		}
		if !slices.Contains(types, string(one)) {
			types = append(types, string(one))
		}
	}
	return types, nil
}
