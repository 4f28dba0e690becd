package webhook_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"mercado/internal/webhook"
)

// send posts to a URL under rules and returns the code of the failure, "" when it was taken.
func send(t *testing.T, rules webhook.Rules, to string) string {
	t.Helper()
	_, err := webhook.NewSender(rules).Send(t.Context(), webhook.Message{URL: to, ID: "evt_1", Body: []byte("{}"), Secrets: []string{webhook.NewSecret()}})
	var failure *webhook.Failure
	switch {
	case err == nil:
		return ""
	case errors.As(err, &failure):
		return failure.Code
	default:
		t.Fatal(err)
		return ""
	}
}

func TestNoAddressInsideIsSentTo(t *testing.T) {
	t.Parallel()
	for class, hosts := range map[string][]string{
		"loopback":           {"127.0.0.1", "127.8.9.10", "[::1]"},
		"private":            {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"},
		"link local":         {"169.254.1.1", "[fe80::1]", "[fe80::1%25eth0]"},
		"metadata":           {"169.254.169.254", "[fd00:ec2::254]", "168.63.129.16", "100.100.100.200"},
		"CGNAT":              {"100.64.0.1", "100.127.255.255"},
		"this network":       {"0.0.0.0", "0.1.2.3", "[::]"},
		"multicast":          {"224.0.0.1", "[ff02::1]"},
		"reserved":           {"240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"},
		"IPv6 ULA":           {"[fc00::1]", "[fdff::1]"},
		"IPv4 in IPv6":       {"[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]"},
		"NAT64, 6to4 and so": {"[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::1]", "[2001:0:4136:e378::1]"},
		"documentation":      {"[2001:db8::1]"},
		"forms of numbers":   {"2130706433", "0x7f000001", "017700000001", "127.1"},
	} {
		for _, host := range hosts {
			for _, scheme := range []string{"https", "http"} {
				code := send(t, webhook.Rules{HTTP: true}, scheme+"://"+host+"/hook")
				// A number that is no address is a name that nobody has, or one that leads to loopback.
				if code != "forbidden_address" && (class != "forms of numbers" || code != "unknown_host") {
					t.Errorf("%s, %s://%s: %q", class, scheme, host, code)
				}
			}
		}
	}
}

func TestURLMustBeOneOfAReceiver(t *testing.T) {
	t.Parallel()
	rules := webhook.Rules{}
	for _, refused := range []string{
		"http://example.com/", "https://example.com:22/", "https://example.com:5432/", "https://user:word@example.com/",
		"ftp://example.com/", "https:///", "https://example.com/#a", "example.com", "https://example.com:99999/", "file:///etc/passwd",
	} {
		if rules.CheckURL(refused) == nil {
			t.Errorf("%s is taken", refused)
		}
	}
	for _, taken := range []string{"https://example.com/", "https://example.com:8443/a?b=c", "https://93.184.216.34/", "https://[2606:4700::1111]/"} {
		if err := rules.CheckURL(taken); err != nil {
			t.Errorf("%s: %v", taken, err)
		}
	}
	if (webhook.Rules{HTTP: true}).CheckURL("http://example.com/") != nil {
		t.Error("http is refused where it is allowed")
	}
}

// TestNameThatLeadsInsideIsNotFollowed has a receiver on this machine that must not hear a word:
// not by a name, and not by the redirect of a receiver that may be asked.
func TestNameThatLeadsInsideIsNotFollowed(t *testing.T) {
	t.Parallel()
	var heard atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	t.Cleanup(inside.Close)
	port := mustParse(t, inside.URL).Port()
	byName := "http://localhost:" + port + "/"
	if code := send(t, webhook.Rules{HTTP: true, Loopback: true}, byName); code != "" || heard.Load() != 1 {
		t.Fatalf("the name does not lead here: %q", code)
	}
	// The name passes where only names are looked at: https, on a port that receivers have.
	if err := (webhook.Rules{}).CheckURL("https://localhost/"); err != nil {
		t.Fatalf("the test is about the address, not the name: %v", err)
	}
	if code := send(t, webhook.Rules{}, "https://localhost/"); code != "forbidden_address" {
		t.Errorf("https://localhost/: %q", code)
	}
	redirecting := httptest.NewServer(http.RedirectHandler(byName, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	if code := send(t, webhook.Rules{HTTP: true, Loopback: true}, redirecting.URL); code != "redirect" || heard.Load() != 1 {
		t.Errorf("a redirect: %q, heard %d times", code, heard.Load())
	}
}

func TestReceiverThatWritesWithoutEndIsNotListenedTo(t *testing.T) {
	t.Parallel()
	var written atomic.Int64
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		line := strings.Repeat("x", 4096)
		for r.Context().Err() == nil {
			n, err := io.WriteString(w, line)
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(endless.Close)
	if code := send(t, webhook.Rules{HTTP: true, Loopback: true}, endless.URL); code != "" {
		t.Errorf("%q", code)
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
