// Package signature signs messages between programs that share a secret, in the form that Stripe
// made known: t=SECONDS,v1=HMAC of "SECONDS.body". A receiver checks it over the bytes it got.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far the clock of the sender may be off: an older message may be somebody's copy.
const Tolerance = 5 * time.Minute

// Err is returned for a message that is not signed with the secret, or not lately.
var Err = errors.New("signature is missing, wrong or too old")

// Sign gives the header of a message sent at a time.
func Sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(sum(secret, seconds, body))
}

// Verify checks the header of a message that arrived now. It returns Err.
func Verify(secret, header string, now time.Time, body []byte) error {
	stamp, signed, found := strings.Cut(header, ",")
	seconds, hasStamp := strings.CutPrefix(stamp, "t=")
	digits, hasVersion := strings.CutPrefix(signed, "v1=")
	given, err := hex.DecodeString(digits)
	if !found || !hasStamp || !hasVersion || err != nil || !hmac.Equal(given, sum(secret, seconds, body)) {
		return Err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || now.Sub(time.Unix(unix, 0)).Abs() > Tolerance {
		return Err
	}
	return nil
}

func sum(secret, seconds string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
