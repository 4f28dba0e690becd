package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed" // the list of refused passwords
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"
)

// cost is what argon2id is asked to spend on one password.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// recommended is OWASP's first choice for argon2id.
var recommended = cost{memory: 19 * 1024, passes: 2, threads: 1}

const (
	saltLength = 16
	hashLength = 32

	maxPasswordBytes = 1024
)

// Why a new password is refused.
var (
	ErrPasswordTooShort = errors.New("password is too short")
	ErrPasswordTooLong  = errors.New("password is too long")
	ErrPasswordCommon   = errors.New("password is one that is tried first")
)

//go:embed common_passwords.txt
var commonPasswords string

// Passwords hashes and verifies passwords, so many at once as there are processors: each takes
// 19 MiB and tens of milliseconds.
type Passwords struct {
	min     int
	running *semaphore.Weighted
	common  map[string]bool
	decoy   string
}

// NewPasswords refuses new passwords of fewer than minLength characters.
func NewPasswords(minLength int) *Passwords {
	p := &Passwords{
		min:     minLength,
		running: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
		common:  map[string]bool{},
		decoy:   encode(recommended, make([]byte, saltLength), make([]byte, hashLength)),
	}
	for line := range strings.Lines(commonPasswords) {
		p.common[strings.TrimSpace(line)] = true
	}
	return p
}

// Check says whether a person may choose password: long enough, not among the common ones, not
// their own e-mail address, and not one character over and over.
func (p *Passwords) Check(password, email string) error {
	password = normalize(password)
	lower := strings.ToLower(password)
	first, _ := utf8.DecodeRuneInString(lower)
	switch {
	case utf8.RuneCountInString(password) < p.min:
		return ErrPasswordTooShort
	case len(password) > maxPasswordBytes:
		return ErrPasswordTooLong
	case p.common[lower], lower == email, strings.Trim(lower, string(first)) == "":
		return ErrPasswordCommon
	}
	return nil
}

// MinLength is the fewest characters of a new password.
func (p *Passwords) MinLength() int { return p.min }

// Hash gives the PHC string that is kept in place of password.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	hash, err := p.derive(ctx, password, recommended, salt)
	if err != nil {
		return "", err
	}
	return encode(recommended, salt, hash), nil
}

// Verify reports whether password is the one that encoded was made from. An empty encoded, for
// somebody who does not exist, takes as long and is false.
func (p *Passwords) Verify(ctx context.Context, password, encoded string) (bool, error) {
	exists := encoded != ""
	if !exists {
		encoded = p.decoy
	}
	spend, salt, want, err := decode(encoded)
	if err != nil {
		return false, fmt.Errorf("decode password hash: %w", err)
	}
	got, err := p.derive(ctx, password, spend, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && exists, nil
}

func (p *Passwords) derive(ctx context.Context, password string, spend cost, salt []byte) ([]byte, error) {
	if err := p.running.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	defer p.running.Release(1)
	return argon2.IDKey([]byte(normalize(password)), salt, spend.passes, spend.memory, spend.threads, hashLength), nil
}

// normalize makes the same password of what different keyboards send for it.
func normalize(password string) string { return norm.NFKC.String(password) }

func encode(spent cost, salt, hash []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		spent.memory, spent.passes, spent.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}

func decode(encoded string) (spent cost, salt, hash []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost{}, nil, nil, errors.New("unknown scheme")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &spent.memory, &spent.passes, &spent.threads); err != nil {
		return cost{}, nil, nil, err
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	hash, hashErr := base64.RawStdEncoding.DecodeString(parts[5])
	return spent, salt, hash, errors.Join(saltErr, hashErr)
}
