package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	issuer   = "mercado"
	audience = "mercado-api"
)

// Errors of Verify.
var (
	ErrInvalidToken = errors.New("access token is not valid")
	ErrExpiredToken = errors.New("access token has expired")
)

// Tokens issues and verifies access tokens: JWTs signed with one Ed25519 key.
type Tokens struct {
	key    ed25519.PrivateKey
	keyID  string
	ttl    time.Duration
	parser *jwt.Parser
}

// NewTokens signs with key; an access token is valid for ttl.
func NewTokens(key ed25519.PrivateKey, ttl time.Duration) *Tokens {
	digest := sha256.Sum256(key.Public().(ed25519.PublicKey))
	return &Tokens{
		key:   key,
		keyID: base64.RawURLEncoding.EncodeToString(digest[:12]),
		ttl:   ttl,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(issuer),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
		),
	}
}

// TTL is how long an access token is valid.
func (t *Tokens) TTL() time.Duration { return t.ttl }

type claims struct {
	jwt.RegisteredClaims
	Roles      []Role `json:"roles"`
	CustomerID int64  `json:"customer_id,omitempty"`
	VendorID   int64  `json:"vendor_id,omitempty"`
}

// Issue gives an access token for p, valid from now on.
func (t *Tokens) Issue(p Principal) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID:        rand.Text(),
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{audience},
			Subject:   strconv.FormatInt(p.UserID, 10),
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(t.ttl)),
		},
		Roles:      p.Roles,
		CustomerID: p.CustomerID,
		VendorID:   p.VendorID,
	})
	token.Header["kid"] = t.keyID
	signed, err := token.SignedString(t.key)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return signed, nil
}

// Verify tells whom an access token was issued to. It fails with ErrExpiredToken or
// ErrInvalidToken.
func (t *Tokens) Verify(token string) (Principal, error) {
	var c claims
	_, err := t.parser.ParseWithClaims(token, &c, func(unverified *jwt.Token) (any, error) {
		if unverified.Header["kid"] != t.keyID {
			return nil, errors.New("signed with another key")
		}
		return t.key.Public(), nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Principal{}, ErrExpiredToken
	case err != nil:
		return Principal{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	userID, err := strconv.ParseInt(c.Subject, 10, 64)
	if err != nil || len(c.Roles) == 0 {
		return Principal{}, ErrInvalidToken
	}
	return Principal{UserID: userID, CustomerID: c.CustomerID, VendorID: c.VendorID, Roles: c.Roles}, nil
}
