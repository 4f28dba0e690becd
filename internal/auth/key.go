package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mercado/internal/settings"
)

const keySetting = "MERCADO_AUTH_KEY_FILE"

// LoadKey reads the key that signs access tokens. In development, without a setting, it is
// keys/auth.pem under the home, made at first use; several processes may start at once.
func LoadKey(environment settings.Environment, s settings.Auth) (ed25519.PrivateKey, error) {
	if s.KeyFile != "" {
		return readKey(s.KeyFile)
	}
	if environment.Production() {
		return nil, &settings.Error{Setting: keySetting, Problem: "must name a PEM file with an Ed25519 key in production mode"}
	}
	path := HomeKey(environment.Home)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, fmt.Errorf("make %s: %w", path, err)
		}
	}
	return readKey(path)
}

// HomeKey is the file of the key that a home has for itself.
func HomeKey(home string) string { return filepath.Join(home, "keys", "auth.pem") }

func readKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &settings.Error{Setting: keySetting, Problem: "cannot be read: " + err.Error()}
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, &settings.Error{Setting: keySetting, Problem: "is not a PEM file: " + path}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, &settings.Error{Setting: keySetting, Problem: "holds no Ed25519 key (PKCS #8): " + path}
	}
	return key, nil
}

// makeKey writes a new key beside path and links it into place: whoever comes second keeps the
// first one's key, and nobody ever reads half a file.
func makeKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "auth-*.pem") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	err = pem.Encode(draft, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
