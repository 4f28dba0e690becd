package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mercado/internal/auth"
)

func TestAPasswordIsItsHashAndNoOther(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(15)
	const password = "Ångström to Tipperary"
	hash, err := passwords.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, password) {
		t.Errorf("hash %s", hash)
	}
	if again, _ := passwords.Hash(t.Context(), password); again == hash {
		t.Error("two hashes of one password are the same")
	}
	for attempt, want := range map[string]bool{
		password:                            true,
		"A\u030angstro\u0308m to Tipperary": true, // the same letters from another keyboard
		"ångström to Tipperary":             false,
		"":                                  false,
		password + " ":                      false,
	} {
		if got, err := passwords.Verify(t.Context(), attempt, hash); err != nil || got != want {
			t.Errorf("%q verifies %t, %v; want %t", attempt, got, err, want)
		}
	}
}

func TestNobodysPasswordTakesAsLong(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(15)
	hash, err := passwords.Hash(t.Context(), "a long way to Tipperary")
	if err != nil {
		t.Fatal(err)
	}
	took := func(encoded string) time.Duration {
		start := time.Now()
		if good, err := passwords.Verify(t.Context(), "another", encoded); good || err != nil {
			t.Fatalf("verifies %t, %v", good, err)
		}
		return time.Since(start)
	}
	somebody, nobody := time.Hour, time.Hour
	for range 8 { // in turns, so that a busy machine is busy for both
		somebody, nobody = min(somebody, took(hash)), min(nobody, took(""))
	}
	if nobody < somebody/3 {
		t.Errorf("nobody takes %s, somebody %s", nobody, somebody)
	}
}

func TestAHashOfAnotherKindIsAnError(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(15)
	for _, encoded := range []string{"x", "$2a$10$abc", "$argon2id$v=19$m=1$a$b", "$argon2id$v=16$m=19456,t=2,p=1$YQ$YQ", "$argon2id$v=19$m=19456,t=2,p=1$!$!"} {
		if good, err := passwords.Verify(t.Context(), "x", encoded); good || err == nil {
			t.Errorf("%s: %t, %v", encoded, good, err)
		}
	}
}

func TestWhichPasswordsMayBeChosen(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]error{
		"a long way to Tipperary":    nil,
		"fourteen chars":             auth.ErrPasswordTooShort,
		"ééééééé":                    auth.ErrPasswordTooShort, // characters count, not bytes
		strings.Repeat("long ", 300): auth.ErrPasswordTooLong,
		"PasswordPassword":           auth.ErrPasswordCommon,
		"ééééééééééééééééééé":        auth.ErrPasswordCommon,
		"Somebody@Example.Com":       auth.ErrPasswordCommon,
	} {
		if err := auth.NewPasswords(15).Check(password, "somebody@example.com"); !errors.Is(err, want) {
			t.Errorf("%.30q: %v, want %v", password, err, want)
		}
	}
}

func TestAnAddressHasOneSpelling(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		" Ana.Sousa@Example.COM ":                "ana.sousa@example.com",
		"a+b@example.co.uk":                      "a+b@example.co.uk",
		"jose\u0301@example.com":                 "jos\u00e9@example.com",
		"":                                       "",
		"ana":                                    "",
		"ana@localhost":                          "",
		"Ana <ana@example.com>":                  "",
		"<ana@example.com>":                      "",
		"ana@example.com, b@c.de":                "",
		"ana@[127.0.0.1]":                        "",
		"a b@example.com":                        "",
		"ana@example.com\n":                      "ana@example.com",
		"ana\x00@example.com":                    "",
		strings.Repeat("a", 65) + "@example.com": "",
		"a@" + strings.Repeat("example.", 40) + "com": "",
	} {
		got, err := auth.NormalizeEmail(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v; want %q", given, got, err, want)
		}
	}
}
