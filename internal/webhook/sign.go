// Package webhook sends the shop's own webhooks: signed as Standard Webhooks asks
// (standardwebhooks.com), and to nowhere inside the shop's own network.
package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Headers of a webhook. The signature is over "id.timestamp.body".
const (
	IDHeader        = "webhook-id"        // the same however often an event is sent
	TimestampHeader = "webhook-timestamp" // seconds since 1970
	SignatureHeader = "webhook-signature" // "v1," and base64, one for each secret, with spaces between
)

// EventID is what an event of orders is called outside the shop.
func EventID(id int64) string { return fmt.Sprintf("evt_%d", id) }

const secretPrefix = "whsec_"

// NewSecret draws a secret that signs.
func NewSecret() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(random)
}

// signature signs by each secret; empty ones are left out.
func signature(secrets []string, id string, at time.Time, body []byte) (string, error) {
	var signatures []string
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil {
			return "", fmt.Errorf("secret of a webhook endpoint is damaged: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " "), nil
}
