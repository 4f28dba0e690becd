package api

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"mercado/internal/auth"
)

type principalKey struct{}

// principalOf tells who the request comes from; the zero Principal when nobody is signed in.
func principalOf(ctx context.Context) auth.Principal {
	p, _ := ctx.Value(principalKey{}).(auth.Principal)
	return p
}

// authorize lets a request pass whose token grants the permission of the operation.
func (a *API) authorize(ctx huma.Context, next func(huma.Context)) {
	permission := auth.Permission(ctx.Operation().Extensions[permissionKey].(string))
	if permission == auth.Open {
		next(ctx)
		return
	}
	principal, err := a.authenticate(ctx.Header("Authorization"))
	switch {
	case err != nil:
		a.answer(humagin.Unwrap(ctx), err)
	case principal.May(permission):
		if principal.SignedIn() {
			humagin.Unwrap(ctx).Set(userKey, principal.UserID)
		}
		next(huma.WithValue(ctx, principalKey{}, principal))
	case principal.SignedIn():
		a.answer(humagin.Unwrap(ctx), problem(forbidden))
	default:
		a.answer(humagin.Unwrap(ctx), problem(unauthenticated))
	}
}

// authenticate reads an Authorization header. Nobody, without an error, when there is none.
func (a *API) authenticate(header string) (auth.Principal, error) {
	if header == "" {
		return auth.Principal{}, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return auth.Principal{}, problem(invalidToken)
	}
	return a.Tokens.Verify(strings.TrimSpace(token))
}
