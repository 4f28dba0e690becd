package api

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/api/serviceerror"

	"mercado/internal/auth"
	"mercado/internal/payment"
	"mercado/internal/shipping"
	"mercado/internal/store"
	"mercado/runs"
)

// meanings maps the errors that layers below return to codes. What is not here is internal.
var meanings = []struct {
	err  error
	code code
}{
	{auth.ErrExpiredToken, expiredToken},
	{auth.ErrInvalidToken, invalidToken},
	{auth.ErrPasswordTooShort, weakPassword},
	{auth.ErrPasswordTooLong, weakPassword},
	{auth.ErrPasswordCommon, weakPassword},
	{auth.ErrBusy, busy},
	{store.ErrNotFound, notFound},
	{store.ErrUnknownRun, notFound},
	{runs.ErrUnknownSchedule, notFound},
	{runs.ErrUnknownBackfill, notFound},
	{runs.ErrBackfillEnded, backfillEnded},
	{store.ErrLastAdmin, lastAdmin},
	{store.ErrNoCustomer, notACustomer},
	{store.ErrTooManyEndpoints, tooManyEndpoints},
	{store.ErrTooManyImports, tooManyImports},
	{store.ErrFileTooLong, importTooLong},
	{store.ErrNotCancellable, orderNotCancellable},
	{store.ErrNotDelivered, notDelivered},
	{store.ErrNotBought, notInOrder},
	{store.ErrTooMany, tooManyUnits},
	{store.ErrReturnWindow, returnWindowOver},
	{store.ErrReturnOver, returnOver},
	{store.ErrRefundExceeds, refundExceedsPaid},
	{store.ErrNothingToRefund, nothingToRefund},
	{store.ErrNotFailed, refundNotFailed},
	{store.ErrImported, orderImported},
	{store.ErrCartEmpty, cartEmpty},
	{store.ErrCheckoutInProgress, checkoutInProgress},
	{store.ErrCartFull, cartFull},
	{store.ErrUnknownProduct, productUnavailable},
	{store.ErrUnknownCustomer, customerInactive},
	{store.ErrDiscountUnknown, unknownDiscountCode},
	{store.ErrDiscountEarly, discountNotStarted},
	{store.ErrDiscountExpired, discountExpired},
	{store.ErrDiscountUsedUp, discountExhausted},
	{store.ErrDiscountUsed, discountAlreadyUsed},
	{store.ErrDiscountMinimum, discountMinimumNotMet},
	{store.ErrUnshippable, notShippable},
	{store.ErrCodeTaken, codeTaken},
	{shipping.ErrSignature, invalidSignature},
	{shipping.ErrWebhook, validationFailed},
	{payment.ErrSignature, invalidSignature},
	{payment.ErrWebhook, validationFailed},
	{store.ErrEmailTaken, emailTaken},
	{store.ErrNameTaken, nameTaken},
	{store.ErrSKUTaken, skuTaken},
	{store.ErrReviewed, alreadyReviewed},
	{store.ErrOwnReview, ownReview},
	{store.ErrVersion, versionMismatch},
	{store.ErrBlank, validationFailed},
	{store.ErrUnknownVendor, unknownReference},
	{store.ErrUnknownCategory, unknownReference},
	{store.ErrCategoryCycle, categoryCycle},
	{store.ErrShortage, insufficientStock},
	{store.ErrRefreshToken, invalidRefreshToken},
	{store.ErrRefreshReuse, invalidRefreshToken},
	{context.DeadlineExceeded, unavailable},
	{io.ErrUnexpectedEOF, unavailable}, // a connection that broke
}

// classes says what the beginning of a SQLSTATE means to a client. What is not here is internal.
var classes = []struct {
	prefix string
	code   code
}{
	{"22", validationFailed}, // a value is refused: a text with U+0000, a number beyond its column
	{"08", unavailable},      // the connection failed
	{"40", unavailable},      // rolled back: a deadlock
	{"53", unavailable},      // too many connections, no memory, no disk
	{"55P03", unavailable},   // a lock was not to be had in time
	{"57", unavailable},      // shutting down, starting, or the statement took too long
}

// problemOf finds what err means to the client. internal tells that it is a fault of ours, to be
// logged.
func problemOf(err error) (p *Problem, internal bool) {
	var already *Problem
	if errors.As(err, &already) {
		return already, false
	}
	var early *store.TooManyAttempts
	if errors.As(err, &early) {
		p := problem(tooManyAttempts)
		p.headers.Set("Retry-After", strconv.Itoa(int(early.Wait.Seconds())))
		return p, false
	}
	for _, meaning := range meanings {
		if errors.Is(err, meaning.err) {
			return problem(meaning.code), meaning.code == unavailable
		}
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		for _, class := range classes {
			if strings.HasPrefix(refused.Code, class.prefix) {
				return problem(class.code), class.code == unavailable
			}
		}
	} else if away(err) {
		return problem(unavailable), true
	}
	return problem(internalError), true
}

// away reports whether a server could not be reached, or has gone.
func away(err error) bool {
	var unconnected *pgconn.ConnectError
	var network net.Error
	var temporal *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	return errors.As(err, &unconnected) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.As(err, &temporal) || errors.As(err, &late)
}
