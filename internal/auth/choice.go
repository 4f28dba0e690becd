package auth

import (
	_ "embed" // the list of refused passwords
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Why a new password is refused.
var (
	ErrPasswordTooShort = errors.New("password is too short")
	ErrPasswordTooLong  = errors.New("password is too long")
	ErrPasswordCommon   = errors.New("password is one that is tried first")
)

// commonPasswords are those that lists of leaked passwords begin with, and words that they are made of.
//
//go:embed common_passwords.txt
var commonPasswords string

// shopName is what people call the service; a password is not made of it.
const shopName = "mercado"

const (
	leastOwn      = 8 // characters beside common words, and the person's and the shop's names
	leastDistinct = 5 // characters that differ
	longestPeriod = 8 // of a password that is one piece over and over
)

// Check says whether a person may choose password, by NIST SP 800-63B-4 §3.1.1.2: long enough, and
// none that is tried first. That is a common one, one made of nothing but common words and names
// (of the person, whose e-mail address and names are known, or the shop), one piece over and over,
// or the keys in their order. No rule asks for digits or punctuation.
func (p *Passwords) Check(password, email string, names ...string) error {
	password = normalize(password)
	lower := strings.ToLower(password)
	switch {
	case utf8.RuneCountInString(password) < p.min:
		return ErrPasswordTooShort
	case len(password) > maxPasswordBytes:
		return ErrPasswordTooLong
	case p.common[lower], lower == strings.ToLower(email), repeats(lower), counts(lower), p.borrows(lower, email, names):
		return ErrPasswordCommon
	}
	return nil
}

// repeats reports whether text has few characters, or is one short piece over and over.
func repeats(text string) bool {
	letters := []rune(text)
	distinct := slices.Clone(letters)
	slices.Sort(distinct)
	if len(slices.Compact(distinct)) < leastDistinct {
		return true
	}
	for period := 1; period <= longestPeriod && 2*period <= len(letters); period++ {
		if slices.Equal(letters[period:], letters[:len(letters)-period]) {
			return true
		}
	}
	return false
}

// counts reports whether nearly every character follows the one before it, up or down.
func counts(text string) bool {
	letters := []rune(text)
	steps := 0
	for i := 1; i < len(letters); i++ {
		if step := letters[i] - letters[i-1]; step == 1 || step == -1 || step == '0'-'9' || step == '9'-'0' {
			steps++
		}
	}
	return steps*10 >= (len(letters)-1)*8
}

// borrows reports whether little is left of text without common words and names.
func (p *Passwords) borrows(text, email string, names []string) bool {
	local, domain, _ := strings.Cut(strings.ToLower(email), "@")
	known := strings.FieldsFunc(strings.ToLower(strings.Join(append(names, local, domain, shopName), " ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	rest := text
	for _, words := range [][]string{known, p.words} {
		for _, word := range words {
			if utf8.RuneCountInString(word) >= 3 {
				rest = strings.ReplaceAll(rest, word, "")
			}
		}
	}
	return rest != text && len(slices.Compact([]rune(rest))) < leastOwn
}
