package auth

import (
	"errors"
	"net/mail"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// ErrInvalidEmail is returned for what is not a bare e-mail address.
var ErrInvalidEmail = errors.New("not an e-mail address")

// NormalizeEmail gives the one spelling under which an e-mail address is stored and looked up:
// trimmed, NFC, lower case. Display names, comments and quoted local parts are refused.
func NormalizeEmail(s string) (string, error) {
	email := strings.ToLower(norm.NFC.String(strings.TrimSpace(s)))
	local, domain, _ := strings.Cut(email, "@")
	parsed, err := mail.ParseAddress(email)
	switch {
	case err != nil, parsed.Address != email, parsed.Name != "":
		return "", ErrInvalidEmail
	case len(email) > 254, len(local) > 64, strings.ContainsAny(domain, "@[]"), !strings.Contains(domain, "."):
		return "", ErrInvalidEmail
	}
	return email, nil
}
