package auth

import (
	_ "embed" // the words of refused passwords
	"errors"
	"regexp"
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

// commonWords are words and sayings that long passwords are made of, and whole passwords.
//
//go:embed common_passwords.txt
var commonWords string

// shopName is what people call the service; a password is not made of it.
const shopName = "mercado"

const (
	leastOwn      = 8 // characters beside common words, runs of keys, and the person's and the shop's names
	leastDistinct = 5 // characters that differ
)

// Check says whether a person may choose password, by NIST SP 800-63B-4 §3.1.1.2: long enough, and
// none that is tried first. That is one of the blocklist; one made of nothing but common words, runs of
// keys and names (of the person, whose e-mail address and names are known, or the shop), also with 0 for o
// and the like; one short piece over and over; or letters and digits in their order. No rule asks for
// digits or punctuation.
func (p *Passwords) Check(password, email string, names ...string) error {
	password = normalize(password)
	lower := strings.ToLower(password)
	switch {
	case utf8.RuneCountInString(password) < p.min:
		return ErrPasswordTooShort
	case len(password) > maxPasswordBytes:
		return ErrPasswordTooLong
	case p.blocked(password), lower == strings.ToLower(email), p.repeats(lower), counts(lower):
		return ErrPasswordCommon
	}
	known := wordsOf(email, names)
	plain := squeeze(lower)
	for _, text := range []string{lower, plain, squeeze(unleet.Replace(lower))} {
		if p.borrows(text, known) {
			return ErrPasswordCommon
		}
	}
	return nil
}

// repeats reports whether text has few characters, or is a piece, shorter than a password may be, over and
// over.
func (p *Passwords) repeats(text string) bool {
	letters := []rune(text)
	distinct := slices.Clone(letters)
	slices.Sort(distinct)
	if len(slices.Compact(distinct)) < leastDistinct {
		return true
	}
	for period := 1; period < p.min && 2*period <= len(letters); period++ {
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

// wordsOf are the words that are known of a person and the shop, the longest first.
func wordsOf(email string, names []string) []string {
	local, domain, _ := strings.Cut(strings.ToLower(email), "@")
	known := strings.FieldsFunc(strings.ToLower(strings.Join(append(names, local, domain, shopName), " ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	return known
}

// unleet turns the digits and signs that stand for letters back.
var unleet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i", "|", "l")

// squeeze leaves letters and digits.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// year is one that somebody was born, or chose a password, in.
var year = regexp.MustCompile(`(19|20)[0-9][0-9]`)

// borrows reports whether little is left of text without runs of keys, years, common words and names.
func (p *Passwords) borrows(text string, known []string) bool {
	// A name may end where a common word begins: each comes first once.
	for _, order := range [][][]string{{known, p.words}, {p.words, known}} {
		rest := withoutRuns(year.ReplaceAllString(text, ""))
		for _, words := range order {
			for _, word := range words {
				if utf8.RuneCountInString(word) >= 3 {
					rest = strings.ReplaceAll(rest, word, "")
				}
			}
		}
		rest = withoutRuns(rest)
		if rest != text && len(slices.Compact([]rune(rest))) < leastOwn {
			return true
		}
	}
	return false
}
