package lake

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"mercado/internal/settings"
)

// Account is the object store's account of a role: its policy is the role's. Its secret follows from
// that of the pipeline's account, so that there is no further secret to keep, and changes with it.
func Account(s settings.ObjectStore, role string) (accessKey, secretKey string) {
	hash := hmac.New(sha256.New, []byte(s.SecretKey))
	hash.Write([]byte("account of role " + role))
	return s.BucketPrefix + role, hex.EncodeToString(hash.Sum(nil))[:40]
}

// Credentials give access to the object store for a time, with a role's rights and no more.
type Credentials struct {
	AccessKey, SecretKey, SessionToken string
	ExpiresAt                          time.Time // UTC
}

// Bounds of how long credentials last; the object store sets the lower one.
const (
	ShortestCredentials = 15 * time.Minute
	LongestCredentials  = 12 * time.Hour
)

// credentialsTimeout bounds the wait for the object store.
const credentialsTimeout = 10 * time.Second

// Assume asks the object store, by the AssumeRole of its security token service, for credentials of a
// role that last so long.
func Assume(ctx context.Context, s settings.ObjectStore, role string, validity time.Duration) (*Credentials, error) {
	accessKey, secretKey := Account(s, role)
	assumed, err := credentials.NewSTSAssumeRole(s.Endpoint, credentials.STSAssumeRoleOptions{
		AccessKey: accessKey, SecretKey: secretKey, Location: s.Region, DurationSeconds: int(validity.Seconds()),
	})
	if err != nil {
		return nil, fmt.Errorf("assume role %s: %w", role, err)
	}
	value, err := assumed.GetWithContext(&credentials.CredContext{
		Client: &http.Client{Timeout: credentialsTimeout, Transport: under{ctx}}, Endpoint: s.Endpoint,
	})
	if err != nil {
		return nil, fmt.Errorf("assume role %s: %w", role, err)
	}
	return &Credentials{
		AccessKey: value.AccessKeyID, SecretKey: value.SecretAccessKey, SessionToken: value.SessionToken,
		ExpiresAt: value.Expiration.UTC(),
	}, nil
}

// under sends requests that end with a context, which the library's own do not know.
type under struct{ ctx context.Context }

// RoundTrip implements http.RoundTripper.
func (u under) RoundTrip(request *http.Request) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(request.WithContext(u.ctx))
}
