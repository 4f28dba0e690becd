package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"

	"mercado/internal/settings"
	"mercado/internal/store/shopdb"
)

// TooManyAttempts is returned for an attempt that came too early.
type TooManyAttempts struct {
	Wait time.Duration // until the next one counts, in whole seconds
}

// Error implements error.
func (t *TooManyAttempts) Error() string { return fmt.Sprintf("too many attempts: wait %s", t.Wait) }

// subject is what attempts are counted under. Digests, so that the table names nobody.
func subject(kind, name string) []byte {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	return sum[:]
}

// addressSubject counts the addresses of one IPv6 network as one: each of its hosts has 2⁶⁴.
func addressSubject(kind, address string) []byte {
	if parsed, err := netip.ParseAddr(address); err == nil {
		parsed = parsed.Unmap().WithZone("")
		if parsed.Is6() {
			if network, err := parsed.Prefix(64); err == nil {
				parsed = network.Addr()
			}
		}
		address = parsed.String()
	}
	return subject(kind, address)
}

// AttemptFrom counts one attempt of a kind from a client's address. It fails with a
// *TooManyAttempts.
func (db *DB) AttemptFrom(ctx context.Context, kind, address string, limit settings.Rate) error {
	if !limit.Limited() {
		return nil
	}
	wait, err := db.Attempt(ctx, shopdb.AttemptParams{
		Subjects: [][]byte{addressSubject(kind, address)},
		Bursts:   []int32{int32(limit.Count)}, Seconds: []int32{int32(limit.Seconds())},
	})
	return refusedFor(wait, err)
}

// AttemptAccount counts one attempt to name the password of an account, which need not exist, from
// a client's address: under both, or under neither. It fails with a *TooManyAttempts.
func (db *DB) AttemptAccount(ctx context.Context, email, address string, perAccount, perAddress settings.Rate) error {
	if !perAccount.Limited() {
		return db.AttemptFrom(ctx, "sign-in", address, perAddress)
	}
	asked := shopdb.AttemptSignInParams{
		Account: subject("account", email), Address: addressSubject("known", address), Subjects: [][]byte{},
		Bursts: []int32{int32(perAccount.Count)}, Seconds: []int32{int32(perAccount.Seconds())},
	}
	if perAddress.Limited() {
		asked.Subjects = append(asked.Subjects, addressSubject("sign-in", address))
		asked.Bursts = append(asked.Bursts, int32(perAddress.Count))
		asked.Seconds = append(asked.Seconds, int32(perAddress.Seconds()))
	}
	wait, err := db.AttemptSignIn(ctx, asked)
	return refusedFor(wait, err)
}

// Recognised forgets the attempts of an account whose password was right, and remembers the
// address it came from.
func (db *DB) Recognised(ctx context.Context, email, address string) error {
	return failed("note sign-in", db.SignedIn(ctx, shopdb.SignedInParams{
		Account: subject("account", email), Address: addressSubject("known", address),
	}))
}

func refusedFor(wait int64, err error) error {
	switch {
	case err != nil:
		return failed("count attempt", err)
	case wait > 0:
		return &TooManyAttempts{Wait: time.Duration(wait) * time.Second}
	default:
		return nil
	}
}
