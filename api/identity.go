package api

import (
	"context"
	"errors"
	"net/http"

	"mercado/internal/auth"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// identity serves registering, signing in and signing out. An attempt is counted before its
// password is hashed.
func (a *API) identity() {
	register(a, operation{
		id: "register", method: http.MethodPost, path: "/api/identity/register",
		summary: "Register as a customer", tag: "identity", permission: auth.Open,
		status: http.StatusCreated, problems: []code{emailTaken, weakPassword, tooManyAttempts, busy},
	}, a.registerCustomer)
	register(a, operation{
		id: "sign-in", method: http.MethodPost, path: "/api/identity/token",
		summary: "Exchange e-mail address and password for tokens", tag: "identity", permission: auth.Open,
		about: "Whoever is unknown, inactive or wrong gets the same answer. An account takes so many attempts, and a client's address " +
			"as well; an address that has signed in to an account before has its own allowance.",
		problems: []code{invalidCredentials, tooManyAttempts, busy},
	}, a.signIn)
	register(a, operation{
		id: "refresh-token", method: http.MethodPost, path: "/api/identity/token/refresh",
		summary: "Exchange a refresh token for new tokens", tag: "identity", permission: auth.Open,
		about: "A refresh token is good for one exchange. Using one a second time ends the session it belongs to: " +
			"a client exchanges one at a time, and signs in again when an answer was lost.",
		problems: []code{invalidRefreshToken, tooManyAttempts},
	}, a.refreshToken)
	register(a, operation{
		id: "sign-out", method: http.MethodPost, path: "/api/identity/logout",
		summary: "End the session of a refresh token, or all of its owner's", tag: "identity", permission: auth.Open,
	}, a.signOut)
}

type registerInput struct {
	Body struct {
		Person
		Password string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	} `nameHint:"Registration"`
}

type customerOutput struct {
	Body customer
}

func (a *API) registerCustomer(ctx context.Context, in *registerInput) (*customerOutput, error) {
	added, err := in.Body.row()
	if err != nil {
		return nil, err
	}
	if err := a.checkPassword("body.password", in.Body.Password, added.Email, in.Body.FirstName, in.Body.LastName); err != nil {
		return nil, err
	}
	if err := a.DB.AttemptFrom(ctx, "register", clientAddress(ctx), a.Auth.RegistersPerAddress); err != nil {
		return nil, err
	}
	hash, err := a.Passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	created, err := a.DB.Register(ctx, added, hash)
	if err != nil {
		return nil, err
	}
	return &customerOutput{customerOf(created)}, nil
}

type signInInput struct {
	Body struct {
		Username string `json:"username" maxLength:"254" doc:"The e-mail address."`
		Password string `json:"password" maxLength:"1024" writeOnly:"true"`
	} `nameHint:"SignIn"`
}

type tokensOutput struct {
	Body struct {
		AccessToken  string `json:"access_token" doc:"A JWT to send as Authorization: Bearer."`
		RefreshToken string `json:"refresh_token" doc:"Good for one exchange at /api/identity/token/refresh."`
		TokenType    string `json:"token_type" enum:"Bearer"`
		ExpiresIn    int64  `json:"expires_in" doc:"Seconds until the access token expires."`
	} `nameHint:"Tokens"`
}

func (a *API) signIn(ctx context.Context, in *signInInput) (*tokensOutput, error) {
	email, err := auth.NormalizeEmail(in.Body.Username)
	if err != nil {
		email = "" // nobody, who is counted and hashed for like anybody
	}
	address := clientAddress(ctx)
	if err := a.DB.AttemptAccount(ctx, email, address, a.Auth.SignInsPerAccount, a.Auth.SignInsPerAddress); err != nil {
		return nil, err
	}
	account, err := a.DB.AccountOf(ctx, email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	good, err := a.Passwords.Verify(ctx, in.Body.Password, account.PasswordHash)
	if err != nil {
		return nil, err
	}
	demo := a.Environment.Production() && in.Body.Password == settings.DevelopmentPassword // everybody knows it
	if !good || !account.IsActive || demo {
		return nil, problem(invalidCredentials)
	}
	if err := a.DB.Recognised(ctx, email, address); err != nil {
		return nil, err
	}
	refresh, err := a.DB.IssueRefreshToken(ctx, account.Principal.UserID, a.Auth.RefreshTokenTTL)
	if err != nil {
		return nil, err
	}
	return a.tokens(account.Principal, refresh)
}

func (a *API) tokens(who auth.Principal, refresh string) (*tokensOutput, error) {
	access, err := a.Tokens.Issue(who)
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{}
	out.Body.AccessToken, out.Body.RefreshToken = access, refresh
	out.Body.TokenType, out.Body.ExpiresIn = "Bearer", int64(a.Tokens.TTL().Seconds())
	return out, nil
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" minLength:"1" maxLength:"256"`
	} `nameHint:"RefreshToken"`
}

func (a *API) refreshToken(ctx context.Context, in *refreshInput) (*tokensOutput, error) {
	if err := a.DB.AttemptFrom(ctx, "refresh", clientAddress(ctx), a.Auth.RefreshesPerAddress); err != nil {
		return nil, err
	}
	who, next, err := a.DB.RotateRefreshToken(ctx, in.Body.RefreshToken, a.Auth.RefreshTokenTTL)
	if errors.Is(err, store.ErrRefreshReuse) {
		a.Log.WarnContext(ctx, "a refresh token was used twice: its session has ended", "request_id", requestID(ctx))
	}
	if err != nil {
		return nil, err
	}
	return a.tokens(who, next)
}

type signOutInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" minLength:"1" maxLength:"256"`
		AllDevices   bool   `json:"all_devices,omitempty" doc:"End every session of whoever the token belongs to."`
	} `nameHint:"SignOut"`
}

func (a *API) signOut(ctx context.Context, in *signOutInput) (*struct{}, error) {
	return nil, a.DB.EndSession(ctx, in.Body.RefreshToken, in.Body.AllDevices)
}
