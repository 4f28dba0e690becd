package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"mercado/internal/auth"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// password serves changing one's own password.
func (a *API) password() {
	register(a, operation{
		id: "change-password", method: http.MethodPost, path: "/api/identity/password",
		summary: "Change your password",
		about:   "Ends all your sessions and begins a new one, whose tokens are the answer.",
		tag:     "identity", permission: auth.ChangePassword,
		problems: []code{wrongPassword, weakPassword, notFound, tooManyAttempts, busy},
	}, a.changePassword)
}

// checkPassword refuses a new password that would be guessed; location says where it was sent.
func (a *API) checkPassword(location, password, email string, names ...string) error {
	switch err := a.Passwords.Check(password, email, names...); {
	case errors.Is(err, auth.ErrPasswordTooShort):
		return problem(weakPassword, FieldProblem{location, fmt.Sprintf("expected at least %d characters", a.Passwords.MinLength())})
	case err != nil:
		return problem(weakPassword, FieldProblem{location, err.Error()})
	}
	return nil
}

type changePasswordInput struct {
	Body struct {
		Current string `json:"current_password" minLength:"1" maxLength:"1024" writeOnly:"true"`
		New     string `json:"new_password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	} `nameHint:"PasswordChange"`
}

func (a *API) changePassword(ctx context.Context, in *changePasswordInput) (*tokensOutput, error) {
	who := principalOf(ctx)
	person, err := a.DB.Person(ctx, who.UserID) // a token of the command line has no account: 404
	if err != nil {
		return nil, err
	}
	if err := a.checkPassword("body.new_password", in.Body.New, person.Email, person.FirstName, person.LastName); err != nil {
		return nil, err
	}
	address := clientAddress(ctx)
	if err := a.DB.AttemptAccount(ctx, person.Email, address, a.Auth.SignInsPerAccount, a.Auth.SignInsPerAddress); err != nil {
		return nil, err
	}
	good, err := a.Passwords.Verify(ctx, in.Body.Current, person.PasswordHash)
	if err != nil {
		return nil, err
	}
	demo := a.Environment.Production() && in.Body.Current == settings.DevelopmentPassword
	if !good || !person.IsActive || demo {
		return nil, problem(wrongPassword)
	}
	hash, err := a.Passwords.Hash(ctx, in.Body.New)
	if err != nil {
		return nil, err
	}
	refresh, err := a.DB.ChangePassword(ctx, who.UserID, person.PasswordHash, hash, a.Auth.RefreshTokenTTL)
	if errors.Is(err, store.ErrNotFound) { // it has been changed meanwhile
		return nil, problem(wrongPassword)
	}
	if err != nil {
		return nil, err
	}
	if err := a.DB.Recognised(ctx, person.Email, address); err != nil {
		return nil, err
	}
	return a.tokens(who, refresh)
}
