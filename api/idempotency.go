package api

import "github.com/danielgtaylor/huma/v2"

const idempotencyHeader = "Idempotency-Key"

// IdempotencyKey is embedded in the input of an operation that must not be done twice. A request
// without the header is refused with 400 idempotency_key_missing.
type IdempotencyKey struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Chosen by the client, new for each thing to be done: sending it again with the same body gives the first answer again."`
}

// Resolve implements huma.Resolver.
func (k *IdempotencyKey) Resolve(huma.Context) []error {
	if k.IdempotencyKey == "" {
		return []error{problem(idempotencyKeyMissing)}
	}
	return nil
}
