package webhook_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mercado/internal/webhook"
)

// send posts to a URL under rules and returns the code of the failure, "" when it was taken.
func send(t *testing.T, rules webhook.Rules, to string) string {
	t.Helper()
	return sendBy(t, webhook.NewSender(rules), to)
}

func sendBy(t *testing.T, sender *webhook.Sender, to string) string {
	t.Helper()
	_, err := sender.Send(t.Context(), webhook.Message{URL: to, ID: "evt_1", Body: []byte("{}"), Secrets: []string{webhook.NewSecret()}})
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

// TestReceiverThatWritesWithoutEndIsNotListenedTo counts what a receiver can write before it is hung
// up on: what is read, and what fits in the buffers in between. One that is listened to for as long
// as an answer may take writes a hundred times as much.
func TestReceiverThatWritesWithoutEndIsNotListenedTo(t *testing.T) {
	t.Parallel()
	const most = 32 << 20 // bytes; the buffers of a connection on this machine hold up to ten
	for what, begin := range map[string]string{
		"body":   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
		"header": "HTTP/1.1 200 OK\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			hungUp := make(chan int64, 1)
			endless := listen(t, func(connection net.Conn) {
				written := int64(0)
				defer func() { hungUp <- written }()
				line := "X-Endless: " + strings.Repeat("x", 4096) + "\r\n"
				if _, err := io.WriteString(connection, begin); err != nil {
					return
				}
				for written < 2*most {
					n, err := io.WriteString(connection, line)
					if written += int64(n); err != nil {
						return
					}
				}
			})
			want := map[string]string{"body": "", "header": "connection_failed"}[what]
			if code := send(t, webhook.Rules{HTTP: true, Loopback: true}, endless); code != want {
				t.Errorf("%q, want %q", code, want)
			}
			if written := <-hungUp; written > most {
				t.Errorf("%d bytes were written before anybody hung up", written)
			}
		})
	}
}

// TestReceiverThatIsSlowIsNotWaitedFor has receivers that take the connection and say nothing, that
// stop in the middle of their header, and that have answered and never end.
func TestReceiverThatIsSlowIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for begin, want := range map[string]string{
		"":                      "timeout",
		"HTTP/1.1 200 OK\r\nX-": "timeout",
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1":             "", // its status is its answer
		"HTTP/1.1 500 Sorry\r\nContent-Length: 10\r\n\r\n1":          "status_500",
		"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n": "timeout",
	} {
		t.Run(begin, func(t *testing.T) {
			t.Parallel()
			slow := listen(t, func(connection net.Conn) {
				_, _ = io.WriteString(connection, begin)
				_, _ = io.Copy(io.Discard, connection) // until the sender hangs up
			})
			sender := webhook.NewSender(webhook.Rules{HTTP: true, Loopback: true})
			sender.WaitFor(3 * time.Second)
			if code := sendBy(t, sender, slow); code != want {
				t.Errorf("%q, want %q", code, want)
			}
		})
	}
}

// listen serves one connection, after its request has begun, and returns the URL.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = connection.Close() }()
		if _, err := connection.Read(make([]byte, 1)); err != nil {
			return
		}
		serve(connection)
	}()
	return "http://" + listener.Addr().String() + "/hook"
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
