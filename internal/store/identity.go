package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/auth"
	"mercado/internal/store/shopdb"
)

// Errors of RotateRefreshToken.
var (
	// ErrRefreshToken is returned for a token that does not exist or is no longer valid.
	ErrRefreshToken = errors.New("refresh token is not valid")
	// ErrRefreshReuse is returned for a token that was used before; its family has ended.
	ErrRefreshReuse = errors.New("refresh token was used before")
)

// Account is a user who may sign in.
type Account struct {
	Principal    auth.Principal
	PasswordHash string
	IsActive     bool
}

// Register makes a customer with an account, who signs in with the e-mail address. It fails with
// ErrEmailTaken.
func (db *DB) Register(ctx context.Context, customer shopdb.CreateCustomerParams, passwordHash string) (shopdb.IdentityCustomer, error) {
	var created shopdb.IdentityCustomer
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		if created, err = q.CreateCustomer(ctx, customer); err != nil {
			return err
		}
		userID, err := q.CreateUser(ctx, shopdb.CreateUserParams{
			Email: customer.Email, PasswordHash: passwordHash, CustomerID: &created.ID,
		})
		if err != nil {
			return err
		}
		return q.GrantRole(ctx, shopdb.GrantRoleParams{UserID: userID, Role: string(auth.Customer)})
	})
	return created, failed("register customer", err)
}

// AddCustomer makes a customer without an account, who buys at the counter or by phone and cannot sign in. It fails
// with ErrEmailTaken.
func (db *DB) AddCustomer(ctx context.Context, customer shopdb.CreateCustomerParams) (shopdb.IdentityCustomer, error) {
	created, err := db.CreateCustomer(ctx, customer)
	return created, failed("add customer", err)
}

// OpenAccount lets a customer who has no account sign in from now on, and returns the account's id. It fails with
// ErrNotFound for one who does not exist or is not active, and with ErrEmailTaken when there is an account.
func (db *DB) OpenAccount(ctx context.Context, customerID int64, passwordHash string) (userID int64, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		if userID, err = q.CreateUserOf(ctx, shopdb.CreateUserOfParams{CustomerID: customerID, PasswordHash: passwordHash}); err != nil {
			return err
		}
		return q.GrantRole(ctx, shopdb.GrantRoleParams{UserID: userID, Role: string(auth.Customer)})
	})
	return userID, failed("open account", err)
}

// AccountOf finds who signs in with email. It fails with ErrNotFound.
func (db *DB) AccountOf(ctx context.Context, email string) (Account, error) {
	row, err := db.AccountByEmail(ctx, email)
	if err != nil {
		return Account{}, failed("look up account", err)
	}
	return Account{
		Principal:    principal(row.ID, row.CustomerID, row.VendorID, row.Roles),
		PasswordHash: row.PasswordHash,
		IsActive:     row.IsActive,
	}, nil
}

func principal(userID, customerID, vendorID int64, roles []string) auth.Principal {
	p := auth.Principal{UserID: userID, CustomerID: customerID, VendorID: vendorID}
	for _, role := range roles {
		p.Roles = append(p.Roles, auth.Role(role))
	}
	return p
}

// IssueRefreshToken starts a family of refresh tokens for a user who has just signed in.
func (db *DB) IssueRefreshToken(ctx context.Context, userID int64, ttl time.Duration) (string, error) {
	token, err := issue(ctx, db.Queries, uuid.Must(uuid.NewV7()), userID, ttl)
	return token, failed("issue refresh token", err)
}

// issue makes a user's next token, and clears away those that have expired.
func issue(ctx context.Context, q *shopdb.Queries, family uuid.UUID, userID int64, ttl time.Duration) (string, error) {
	token := rand.Text() + rand.Text()
	if err := q.DropExpiredTokens(ctx, userID); err != nil {
		return "", err
	}
	return token, q.CreateRefreshToken(ctx, shopdb.CreateRefreshTokenParams{
		ID: uuid.Must(uuid.NewV7()), FamilyID: family, UserID: userID,
		TokenHash: digest(token), ExpiresAt: time.Now().Add(ttl),
	})
}

// digest is what is kept of a refresh token: it is random, so a plain hash cannot be guessed back.
func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// RotateRefreshToken takes a refresh token, once, for the next of its family. It fails with
// ErrRefreshToken, or with ErrRefreshReuse when somebody else has the token too.
func (db *DB) RotateRefreshToken(ctx context.Context, token string, ttl time.Duration) (auth.Principal, string, error) {
	var who auth.Principal
	var next string
	var refused error // told after the commit: ending a family must last
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := q.LockHolder(ctx, digest(token)); err != nil {
			return err
		}
		shown, err := q.RefreshToken(ctx, digest(token))
		switch {
		case err != nil:
			return err
		case shown.IsUsed && !shown.IsOver:
			refused = ErrRefreshReuse
			return q.RevokeFamily(ctx, shown.FamilyID)
		case shown.IsOver:
			refused = ErrRefreshToken
			return nil
		}
		account, err := q.AccountByID(ctx, shown.UserID)
		if err != nil {
			return err
		}
		if !account.IsActive {
			refused = ErrRefreshToken
			return q.RevokeFamily(ctx, shown.FamilyID)
		}
		who = principal(account.ID, account.CustomerID, account.VendorID, account.Roles)
		if err := q.UseRefreshToken(ctx, shown.ID); err != nil {
			return err
		}
		next, err = issue(ctx, q, shown.FamilyID, shown.UserID, ttl)
		return err
	})
	if err = failed("rotate refresh token", err); errors.Is(err, ErrNotFound) {
		return auth.Principal{}, "", ErrRefreshToken
	}
	return who, next, errors.Join(err, refused)
}

// EndSession ends the family of a refresh token, or with everywhere all families of its user. One
// that does not exist has ended.
func (db *DB) EndSession(ctx context.Context, token string, everywhere bool) error {
	return failed("end session", db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := q.LockHolder(ctx, digest(token)); err != nil {
			return err
		}
		if everywhere {
			if err := q.RevokeAllOf(ctx, digest(token)); err != nil {
				return err
			}
		}
		return q.RevokeFamilyOf(ctx, digest(token))
	}))
}

// Customer fails with ErrNotFound.
func (db *DB) Customer(ctx context.Context, id int64) (shopdb.IdentityCustomer, error) {
	customer, err := db.GetCustomer(ctx, id)
	return customer, failed("get customer", err)
}

// ChangeCustomer sets what is not nil. It fails with ErrNotFound, for an inactive customer as well
// where change.OnlyActive is set.
func (db *DB) ChangeCustomer(ctx context.Context, change shopdb.UpdateCustomerParams) (shopdb.IdentityCustomer, error) {
	customer, err := db.UpdateCustomer(ctx, change)
	return customer, failed("update customer", err)
}

// CloseCustomer deactivates a customer and their account and ends their sessions; access tokens
// that are out run off within minutes. It fails with ErrNotFound, and with ErrLastAdmin.
func (db *DB) CloseCustomer(ctx context.Context, id int64) error {
	return failed("deactivate customer", db.InTx(ctx, func(q *shopdb.Queries) error { return closeCustomer(ctx, q, id) }))
}

func closeCustomer(ctx context.Context, q *shopdb.Queries, id int64) error {
	rows, err := q.DeactivateCustomer(ctx, id)
	if err != nil {
		return err
	}
	if rows == 0 {
		return ErrNotFound
	}
	user, err := q.UserOf(ctx, &id)
	if errors.Is(err, pgx.ErrNoRows) { // somebody who bought at the counter has no account
		return nil
	}
	if err != nil {
		return err
	}
	return q.SetUserActive(ctx, shopdb.SetUserActiveParams{UserID: user, Active: false})
}
