package auth_test

import (
	"crypto/sha1" //nolint:gosec // as published lists of leaked passwords
	"errors"
	"fmt"
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
		"абвгдежзийклмноп":                                         auth.ErrPasswordCommon, // no keyboard has the alphabet in its order
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

// TestPasswordsOfRulesAreRefused makes what guessers try first: words joined, repeated, dated, with signs for
// letters; runs of keys in every direction; the person and the shop in all of these.
func TestPasswordsOfRulesAreRefused(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(15)
	words := []string{
		"password", "welcome", "letmein", "dragon", "iloveyou", "administrator", "liverpool", "september", "senha", "contrasena",
		"passwort", "princess", "superman", "trustno1", "monday", "mercado", "sousa", "ana.sousa", "lojadaana", "football",
	}
	var tried []string
	title := func(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
	leet := strings.NewReplacer("a", "@", "o", "0", "e", "3", "i", "1", "s", "$")
	for _, word := range words {
		for _, other := range words {
			tried = append(tried, title(word)+title(other)+"2026!", word+"_"+other+"_123456", leet.Replace(word+other)+"99", word+" "+other+" "+word)
		}
		tried = append(tried, word+word+word, word+"12345678901234", "!!!!!!!!"+title(word)+"2026", word+"qwertyuiop", "1qaz2wsx"+word+"!")
	}
	for _, run := range []string{
		"qwertyuiopasdfghjkl", "lkjhgfdsapoiuytrewq", "1qaz2wsx3edc4rfv", "zaq1xsw2cde3vfr4", "1q2w3e4r5t6y7u8i", "azertyuiopqsdfgh",
		"qwertzuiopasdfgh", "abcdefghijklmnop", "zyxwvutsrqponmlk", "!@#$%^&*()!@#$%^&*()", "qazwsxedcrfvtgb", "asdfghjkl;zxcvbnm",
		"147258369147258369", "qwerty123456asdf", "Qwerty-Asdfgh-2026", "1234qwerasdfzxcv",
	} {
		tried = append(tried, run, strings.ToUpper(run), run+"2026")
	}
	for _, piece := range []string{"correct mug ", "x7#kQ2!m", "Lua9-Sol8-"} { // shorter than a password may be
		tried = append(tried, piece+piece, piece+piece+piece, piece+piece+piece[:3])
	}
	tried = append(tried, "Correct-Horse-Battery-Staple", "correct horse battery staple!", "C0rrectH0rseB@tterySt@ple1", "To be, or not to be?",
		"May the Force be with you", "the quick brown fox 1", "thisismypassword", "onetwothreefourfive", "NoOneWillGuessThis!", "mercado-development")
	checked := 0
	for _, password := range tried {
		err := passwords.Check(password, "ana.sousa@lojadaana.pt", "Ana", "Sousa")
		if len([]rune(password)) < 15 {
			continue
		}
		checked++
		if !errors.Is(err, auth.ErrPasswordCommon) {
			t.Errorf("%q: %v", password, err)
		}
	}
	if checked < 1500 {
		t.Errorf("only %d were long enough to be checked", checked)
	}
	for _, good := range []string{
		"correct mug correct mug and a spoon", "Tea at quarter past nine, twice", "vidro azul na janela da sala", "x7#kQ2!mP9$vL4z",
		"my grandmother sold oranges", "drei graue Enten am Ufer", "seven tired plumbers whistle", "4f9c2a7be81d05634f9c2a7be81d0563", "welcome to the swamp, lads",
	} {
		if err := passwords.Check(good, "ana.sousa@lojadaana.pt", "Ana", "Sousa"); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestABlocklistIsRefused(t *testing.T) {
	t.Parallel()
	const hashed = "vidro azul na janela da sala" // its SHA-1 is in the list
	for name, list := range map[string]string{
		"letters":   "Vidro azul na janela da sala\nun cafe\u0301 noir sans sucre, merci\n",
		"passwords": "\ufeff# leaked\r\n\r\nVidro Azul na Janela da Sala\r\nseven tired plumbers whistle",
		"hashes":    "0000000000000000000000000000000000000000:3\n" + fmt.Sprintf("%X", sha1.Sum([]byte(hashed))) + ":17\n", //nolint:gosec // see above
		"mixed":     fmt.Sprintf("%x\nanother one of the leaked\n", sha1.Sum([]byte(hashed))),                               //nolint:gosec // see above
	} {
		passwords := auth.NewPasswords(15)
		if err := passwords.Check(hashed, "ana@example.com"); err != nil {
			t.Errorf("before: %v", err)
		}
		if err := passwords.LoadBlocklist(strings.NewReader(list)); err != nil {
			t.Fatal(err)
		}
		for _, spelling := range []string{hashed, strings.ToUpper(hashed)} {
			if err := passwords.Check(spelling, "ana@example.com"); !errors.Is(err, auth.ErrPasswordCommon) {
				t.Errorf("%s: %q: %v", name, spelling, err)
			}
		}
		if err := passwords.Check("vidro verde na janela da sala", "ana@example.com"); err != nil {
			t.Errorf("%s: what is not listed: %v", name, err)
		}
		// The list may come from another keyboard than the password.
		want := map[bool]error{true: auth.ErrPasswordCommon}[name == "letters"]
		if err := passwords.Check("un caf\u00e9 noir sans sucre, merci", "ana@example.com"); !errors.Is(err, want) {
			t.Errorf("%s: a listed password in other letters: %v, want %v", name, err, want)
		}
	}
	if err := auth.NewPasswords(15).LoadBlocklist(strings.NewReader(strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line of a megabyte is taken for a password")
	}
}

// TestEveryWordOfTheListIsRefused: what the list has as one word, long enough to be a password, is none.
func TestEveryWordOfTheListIsRefused(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(15)
	checked := 0
	for _, word := range passwords.Words() {
		if len([]rune(word)) < 15 {
			continue
		}
		checked++
		for _, spelling := range []string{word, strings.ToUpper(word)} {
			if err := passwords.Check(spelling, "ana@example.com"); !errors.Is(err, auth.ErrPasswordCommon) {
				t.Errorf("%q: %v", spelling, err)
			}
		}
	}
	if checked == 0 {
		t.Error("the list has none that is long enough")
	}
}

// FuzzCheck has any password checked: whatever it is, it is taken or refused for a reason that is known.
func FuzzCheck(f *testing.F) {
	passwords := auth.NewPasswords(15)
	for _, password := range []string{"", "PasswordPassword", "1qaz2wsx3edc4rfv", "\xff\xfe", "é́́́́́́́́́́́́́́́́", strings.Repeat("qwertyuiop", 100)} {
		f.Add(password, "ana@example.com", "Ana")
	}
	f.Fuzz(func(t *testing.T, password, email, name string) {
		err := passwords.Check(password, email, name)
		for _, known := range []error{nil, auth.ErrPasswordTooShort, auth.ErrPasswordTooLong, auth.ErrPasswordCommon} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Errorf("%q: %v", password, err)
	})
}
