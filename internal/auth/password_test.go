package auth_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

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

func TestNobodysPasswordIsHashedAsWell(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(15)
	hash, err := passwords.Hash(t.Context(), "a long way to Tipperary")
	if err != nil {
		t.Fatal(err)
	}
	for _, encoded := range []string{hash, ""} {
		before := passwords.Hashed()
		if good, err := passwords.Verify(t.Context(), "another", encoded); good || err != nil {
			t.Fatalf("verifies %t, %v", good, err)
		}
		if hashed := passwords.Hashed() - before; hashed != 1 {
			t.Errorf("%q: %d passwords were hashed", encoded, hashed)
		}
	}
	// And with the same parameters: everything before the salt.
	if nobody := passwords.Decoy(); strings.Join(strings.Split(nobody, "$")[:4], "$") != strings.Join(strings.Split(hash, "$")[:4], "$") {
		t.Errorf("nobody's password costs %s, somebody's %s", nobody, hash)
	}
}

// TestPasswordsDoNotQueueForEver fills the queue with as many as it takes and more.
func TestPasswordsDoNotQueueForEver(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(15)
	waiting := make(chan error, 1000)
	for range cap(waiting) {
		go func() {
			_, err := passwords.Hash(t.Context(), "a long way to Tipperary")
			waiting <- err
		}()
	}
	busy := 0
	for range cap(waiting) {
		switch err := <-waiting; {
		case errors.Is(err, auth.ErrBusy):
			busy++
		case err != nil:
			t.Error(err)
		}
	}
	room := int64(runtime.GOMAXPROCS(0)) * 49
	if hashed := passwords.Hashed(); busy == 0 || hashed+int64(busy) != int64(cap(waiting)) || hashed < room {
		t.Errorf("%d were hashed and %d refused, with room for %d", hashed, busy, room)
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
	passwords := auth.NewPasswords(15)
	for password, want := range map[string]error{
		"a long way to Tipperary":                                  nil,
		"8305938475610293":                                         nil, // no rule of composition
		"correct battery ordinary mug":                             nil,
		"Ana likes her purple bicycle":                             nil, // a name may occur
		"my password is rather good":                               nil,
		"Grüße aus der Küche 🍋🍋":                                   nil,
		"fourteen chars":                                           auth.ErrPasswordTooShort,
		"ééééééé":                                                  auth.ErrPasswordTooShort, // characters count, not bytes
		"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301": auth.ErrPasswordTooShort, // those of NFC
		strings.Repeat("long ", 300):                               auth.ErrPasswordTooLong,
		"PasswordPassword":                                         auth.ErrPasswordCommon,
		"ééééééééééééééééééé":                                      auth.ErrPasswordCommon,
		"Ana.Sousa@Example.Com":                                    auth.ErrPasswordCommon,
		"anasousa1990!!!!!!":                                       auth.ErrPasswordCommon,
		"SousaAnaSousaAna":                                         auth.ErrPasswordCommon,
		"Mercado-Mercado-1":                                        auth.ErrPasswordCommon,
		"mercado password 1":                                       auth.ErrPasswordCommon,
		"password123password123":                                   auth.ErrPasswordCommon,
		"letmein dragon123 qwertyuiop":                             auth.ErrPasswordCommon,
		"abcabcabcabcabcabc":                                       auth.ErrPasswordCommon,
		"lemon12lemon12lemon12":                                    auth.ErrPasswordCommon,
		"12345678901234567890":                                     auth.ErrPasswordCommon,
		"zyxwvutsrqponmlkj":                                        auth.ErrPasswordCommon,
		"abababababab1212":                                         auth.ErrPasswordCommon,
	} {
		if err := passwords.Check(password, "ana.sousa@example.com", "Ana", "Sousa"); !errors.Is(err, want) {
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
