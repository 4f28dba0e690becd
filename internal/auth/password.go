package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

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

// ErrBusy is returned when more passwords wait to be hashed than can be in a second or two.
var ErrBusy = errors.New("too many passwords wait to be hashed")

// queuePerProcessor is how many passwords may wait for each processor: one takes some 40 ms.
const queuePerProcessor = 48

// Passwords hashes and verifies passwords, so many at once as there are processors: each takes
// 19 MiB and tens of milliseconds. Who would wait too long is refused.
type Passwords struct {
	min       int
	running   *semaphore.Weighted
	room      *semaphore.Weighted // of those running and those waiting
	words     []string            // that passwords are made of, the longest first
	blocklist []digest            // sorted
	decoy     string
	hashed    atomic.Int64
}

// NewPasswords refuses new passwords of fewer than minLength characters.
func NewPasswords(minLength int) *Passwords {
	processors := int64(runtime.GOMAXPROCS(0))
	p := &Passwords{
		min:     minLength,
		running: semaphore.NewWeighted(processors),
		room:    semaphore.NewWeighted(processors * (1 + queuePerProcessor)),
		decoy:   encode(recommended, make([]byte, saltLength), make([]byte, hashLength)),
	}
	words := map[string]bool{}
	for line := range strings.Lines(commonWords) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		words[line] = true
		words[squeeze(line)] = true
	}
	p.words = slices.SortedFunc(maps.Keys(words), func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	return p
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
	if !p.room.TryAcquire(1) {
		return nil, fmt.Errorf("hash password: %w", ErrBusy)
	}
	defer p.room.Release(1)
	if err := p.running.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	defer p.running.Release(1)
	p.hashed.Add(1)
	return argon2.IDKey([]byte(normalize(password)), salt, spend.passes, spend.memory, spend.threads, hashLength), nil
}

// Hashed counts the passwords that were hashed, right, wrong and nobody's.
func (p *Passwords) Hashed() int64 { return p.hashed.Load() }

// normalize makes the same password of what different keyboards send for it.
func normalize(password string) string { return norm.NFC.String(password) }

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
