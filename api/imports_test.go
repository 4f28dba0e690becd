package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/worker/workertest"
)

// upload is a file that is being sent, over a connection of its own.
type upload struct {
	t          testing.TB
	connection net.Conn
	request    *http.Request
}

// slowUpload sends the head of a request and the first bytes of its body.
func slowUpload(t testing.TB, shop *apitest.Shop, vendor int64, length int, first string) upload {
	t.Helper()
	token, err := shop.Deps.Tokens.Issue(auth.Principal{VendorID: vendor, Roles: []auth.Role{auth.Vendor}})
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(shop.URL, "http://")
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/catalog/imports", nil)
	request.Header.Set("Content-Type", "text/csv")
	u := upload{t, connection, request}
	u.send(fmt.Sprintf("POST /api/catalog/imports HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: text/csv\r\nContent-Length: %d\r\n\r\n%s", address, token, length, first))
	return u
}

func (u upload) send(text string) {
	u.t.Helper()
	if _, err := io.WriteString(u.connection, text); err != nil {
		u.t.Fatal(err)
	}
}

func (u upload) status() int {
	u.t.Helper()
	return readAnswer(u.t, u.connection, u.request)
}

// readAnswer reads what was answered to a request off its connection, and compares it with the OpenAPI
// document; a body that was sent is any text to it.
func readAnswer(t testing.TB, connection net.Conn, request *http.Request) (status int) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		t.Fatal(err)
	}
	received, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := apitest.CheckContract(t.Context(), request, []byte("sku"), response, received); err != nil {
		t.Errorf("%s: %v\nanswer: %s", request.URL, err, received)
	}
	return response.StatusCode
}

// TestSlowUploadsLeaveTheShopOpen sends more files at once than the API has connections to its database,
// all of them stopping half way: others are served. Half of the senders go on, the others die: of theirs
// nothing is left.
func TestSlowUploadsLeaveTheShopOpen(t *testing.T) {
	t.Parallel()
	const connections = 4
	shop := apitest.New(t, func(deps *api.Deps) {
		few, err := store.OpenForRequests(t.Context(), settings.Database{URL: deps.DB.Pool.Config().ConnString(), MaxConns: connections})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(few.Close)
		deps.DB = few
	})
	count := func(sql string) (found int) {
		t.Helper()
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), sql).Scan(&found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	half := "sku,item_name\n" + strings.Repeat("A,Lamp\n", 150_000) // more than one part
	rest := "B,Chair\n"
	var uploads []upload
	for range 2 * connections {
		uploads = append(uploads, slowUpload(t, shop, shop.NewVendor(), len(half)+len(rest), half))
	}
	workertest.Await(t, "a part of every file to be kept", func() bool {
		return count("select count(distinct import_id) from catalog.import_parts") == len(uploads)
	})
	shop.Anyone().Get("/api/catalog/products").Want(http.StatusOK)
	workertest.Await(t, "every connection to be free", func() bool { return shop.Deps.DB.Pool.Stat().AcquiredConns() == 0 })
	if listed := apitest.Decode[struct{ Items []struct{} }](shop.Admin().Get("/api/catalog/imports").Want(http.StatusOK)).Items; len(listed) != 0 {
		t.Errorf("%d imports are listed whose files are still being sent", len(listed))
	}

	for i, u := range uploads {
		if i%2 == 0 {
			_ = u.connection.Close()
			continue
		}
		u.send(rest)
		if status := u.status(); status != http.StatusAccepted {
			t.Errorf("answered %d", status)
		}
	}
	workertest.Await(t, "what the dead have sent to be forgotten", func() bool {
		return count("select count(*) from catalog.imports") == len(uploads)/2
	})
	whole := fmt.Sprintf("select count(*) from catalog.imports where state = 'queued' and bytes = %d and bytes = "+
		"(select sum(length(content)) from catalog.import_parts where import_id = imports.id)", len(half)+len(rest))
	if found := count(whole); found != len(uploads)/2 {
		t.Errorf("%d files are there whole, want %d", found, len(uploads)/2)
	}
}

func TestImportsAreLimited(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, other := shop.NewVendor(), shop.NewVendor()
	send := func(client *apitest.Client, file string) *apitest.Answer {
		return client.Post("/api/catalog/imports", file, "Content-Type", "text/csv")
	}
	long := "sku\n" + strings.Repeat("\n", 499_999)
	send(shop.Vendor(vendor), long+"\n").WantProblem(http.StatusRequestEntityTooLarge, "import_too_long")
	send(shop.Vendor(vendor), "sku\n"+strings.Repeat("A", 64<<20)).WantProblem(http.StatusRequestEntityTooLarge, "import_too_large")
	var left int
	if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from catalog.imports").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d imports are left of refused files, %v", left, err)
	}
	send(shop.Vendor(vendor), long).Want(http.StatusAccepted)
	together := make(chan *apitest.Answer, 12) // nobody works on them here
	for range cap(together) {
		go func() { together <- send(shop.Vendor(vendor), "sku\nA\n") }()
	}
	taken := 1
	for range cap(together) {
		if answer := <-together; answer.Status == http.StatusAccepted {
			taken++
		} else {
			answer.WantProblem(http.StatusConflict, "too_many_imports")
		}
	}
	if taken != 5 {
		t.Errorf("%d imports were taken, want 5", taken)
	}
	send(shop.Vendor(other), "sku\nA\n").Want(http.StatusAccepted)
	send(shop.Admin(), "sku,vendor_id\nA,1\n").Want(http.StatusAccepted)
}
