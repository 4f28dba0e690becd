package auth_test

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mercado/internal/auth"
	"mercado/internal/settings"
)

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestATokenTellsWhoItWasIssuedTo(t *testing.T) {
	t.Parallel()
	tokens := auth.NewTokens(newKey(t), time.Minute)
	want := auth.Principal{UserID: 7, CustomerID: 8, VendorID: 9, Roles: []auth.Role{auth.Customer, auth.Vendor}}
	token, err := tokens.Issue(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tokens.Verify(token); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// TestEveryClaimCounts signs with the right key tokens that lack one thing each.
func TestEveryClaimCounts(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	tokens := auth.NewTokens(key, time.Minute)
	good, err := tokens.Issue(auth.Principal{UserID: 1, Roles: []auth.Role{auth.Admin}})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]struct {
		header, claim string
		value         any
		want          error
	}{
		"nothing":          {},
		"another issuer":   {claim: "iss", value: "somebody", want: auth.ErrInvalidToken},
		"another audience": {claim: "aud", value: "somebody", want: auth.ErrInvalidToken},
		"no expiry":        {claim: "exp", want: auth.ErrInvalidToken},
		"expired":          {claim: "exp", value: time.Now().Add(-time.Minute).Unix(), want: auth.ErrExpiredToken},
		"from the future":  {claim: "iat", value: time.Now().Add(time.Hour).Unix(), want: auth.ErrInvalidToken},
		"not valid yet":    {claim: "nbf", value: time.Now().Add(time.Hour).Unix(), want: auth.ErrInvalidToken},
		"no roles":         {claim: "roles", want: auth.ErrInvalidToken},
		"no subject":       {claim: "sub", want: auth.ErrInvalidToken},
		"another key id":   {header: "kid", value: "x", want: auth.ErrInvalidToken},
		"no key id":        {header: "kid", want: auth.ErrInvalidToken},
	} {
		parsed, _, err := jwt.NewParser().ParseUnverified(good, jwt.MapClaims{})
		if err != nil {
			t.Fatal(err)
		}
		claims := parsed.Claims.(jwt.MapClaims)
		for _, part := range []struct {
			of   map[string]any
			name string
		}{{parsed.Header, change.header}, {claims, change.claim}} {
			if part.name != "" && change.value != nil {
				part.of[part.name] = change.value
			} else {
				delete(part.of, part.name)
			}
		}
		token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
		token.Header = parsed.Header
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Verify(signed); !errors.Is(err, change.want) {
			t.Errorf("%s: %v, want %v", name, err, change.want)
		}
	}
}

func TestProcessesThatStartTogetherShareOneKey(t *testing.T) {
	t.Parallel()
	environment := settings.Environment{Mode: "development", Home: filepath.Join(t.TempDir(), "home")}
	keys := make([]ed25519.PrivateKey, 16)
	var started sync.WaitGroup
	for i := range keys {
		started.Go(func() {
			key, err := auth.LoadKey(environment, settings.Auth{})
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	started.Wait()
	for _, key := range keys {
		if !key.Equal(keys[0]) {
			t.Fatal("two processes have two keys")
		}
	}
	files, err := os.ReadDir(filepath.Join(environment.Home, "keys"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestProductionNeedsAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	text := filepath.Join(home, "text.pem")
	if err := os.WriteFile(text, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"", filepath.Join(home, "none.pem"), text} {
		_, err := auth.LoadKey(settings.Environment{Mode: "production", Home: home}, settings.Auth{KeyFile: file})
		var wrong *settings.Error
		if !errors.As(err, &wrong) || wrong.Setting != "MERCADO_AUTH_KEY_FILE" {
			t.Errorf("%q: %v", file, err)
		}
	}
	// A setting that names no file is a mistake in development too: nothing is made there.
	if _, err := auth.LoadKey(settings.Environment{Mode: "development", Home: home}, settings.Auth{KeyFile: filepath.Join(home, "none.pem")}); err == nil {
		t.Error("a missing key file was accepted")
	}
}

func TestPermissionsAreWhatTheTableSays(t *testing.T) {
	t.Parallel()
	customer := auth.Principal{Roles: []auth.Role{auth.Customer}}
	for permission, want := range map[auth.Permission]bool{
		auth.Open: true, auth.Public: true, auth.UseCart: true, auth.ReadCustomers: true,
		auth.ListCustomers: false, auth.WriteProducts: false, auth.WriteStock: false, "no.such": false,
	} {
		if customer.May(permission) != want {
			t.Errorf("a customer may %s: %t", permission, !want)
		}
	}
	if (auth.Principal{}).May(auth.UseCart) || (auth.Principal{}).SignedIn() || auth.Permission("no.such").Known() {
		t.Error("nobody may do something")
	}
}
