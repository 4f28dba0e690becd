package api_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
)

func TestBadInputIsRefusedWithACode(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	vendor, category := shop.NewVendor(), shop.NewCategory(0)
	customer, _ := shop.NewCustomer()
	product := func(change string) string {
		good := fmt.Sprintf(`"vendor_id":%d,"category_id":%d,"item_name":"Lamp","price":"1.00","cost":"1.00"`, vendor, category)
		return "{" + good + "," + change + "}"
	}
	const register = `{"email":"a@example.com","password":"a long way to Tipperary","first_name":"A","last_name":"B"`
	for name, c := range map[string]struct {
		client       *apitest.Client
		method, path string
		body         any
		status       int
		code         string
		location     string
	}{
		"not JSON":                {shop.Admin(), "POST", "/api/catalog/products", `{`, 400, "malformed_body", "body"},
		"no body":                 {shop.Admin(), "POST", "/api/catalog/products", ``, 400, "malformed_body", ""},
		"another media type":      {shop.Admin(), "POST", "/api/catalog/products", nil, 400, "malformed_body", ""},
		"blanks beyond ASCII":     {shop.Admin(), "POST", "/api/catalog/vendors", `{"vendor_name":"\u2028\u3000","region":"PT"}`, 422, "validation_failed", ""},
		"U+0000":                  {shop.Admin(), "POST", "/api/catalog/vendors", `{"vendor_name":"a\u0000","region":"PT"}`, 400, "malformed_body", "body"},
		"unknown field":           {shop.Admin(), "POST", "/api/catalog/products", product(`"colour":"red"`), 422, "validation_failed", "body.colour"},
		"field in other case":     {shop.Admin(), "POST", "/api/catalog/products", product(`"Stock":1`), 422, "validation_failed", "body.Stock"},
		"wrong type":              {shop.Admin(), "POST", "/api/catalog/products", product(`"stock":"many"`), 422, "validation_failed", "body.stock"},
		"not a whole number":      {shop.Admin(), "POST", "/api/catalog/products", product(`"stock":1.5`), 422, "validation_failed", "body.stock"},
		"too large a number":      {shop.Admin(), "POST", "/api/catalog/products", product(`"stock":9223372036854775808`), 422, "validation_failed", "body.stock"},
		"negative stock":          {shop.Admin(), "POST", "/api/catalog/products", product(`"stock":-1`), 422, "validation_failed", "body.stock"},
		"negative price":          {shop.Admin(), "POST", "/api/catalog/products", product(`"price":"-1.00"`), 422, "validation_failed", "body.price"},
		"price as a number":       {shop.Admin(), "POST", "/api/catalog/products", product(`"price":1.00`), 422, "validation_failed", "body.price"},
		"fractions of a cent":     {shop.Admin(), "POST", "/api/catalog/products", product(`"price":"1.001"`), 422, "validation_failed", "body.price"},
		"price of a milliard":     {shop.Admin(), "POST", "/api/catalog/products", product(`"price":"1000000000"`), 422, "validation_failed", "body.price"},
		"cost of a milliard":      {shop.Admin(), "POST", "/api/catalog/products", product(`"cost":"1000000000"`), 422, "validation_failed", "body.cost"},
		"another currency":        {shop.Admin(), "POST", "/api/catalog/products", product(`"currency":"JPY"`), 422, "validation_failed", "body.currency"},
		"field missing":           {shop.Admin(), "POST", "/api/catalog/products", `{}`, 422, "validation_failed", "body"},
		"blank name":              {shop.Admin(), "POST", "/api/catalog/products", product(`"item_name":" "`), 422, "validation_failed", "body.item_name"},
		"a day that is none":      {shop.Admin(), "POST", "/api/catalog/products", product(`"launch_date":"2026-02-30"`), 422, "validation_failed", "body.launch_date"},
		"product by a customer":   {shop.Customer(customer), "POST", "/api/catalog/products", product(`"stock":1`), 403, "forbidden", ""},
		"price by a customer":     {shop.Customer(customer), "PATCH", "/api/catalog/products/1", `{"price":"0.01"}`, 403, "forbidden", ""},
		"stock by a customer":     {shop.Customer(customer), "POST", "/api/catalog/products/1/inventory", `{"delta":1,"reason":"restock"}`, 403, "forbidden", ""},
		"vendor by a vendor":      {shop.Vendor(vendor), "POST", "/api/catalog/vendors", `{"vendor_name":"Me","region":"PT"}`, 403, "forbidden", ""},
		"unknown product":         {shop.Anyone(), "GET", "/api/catalog/products/999999", nil, 404, "not_found", ""},
		"id that is no number":    {shop.Anyone(), "GET", "/api/catalog/products/x", nil, 422, "validation_failed", "path.id"},
		"id beyond 64 bits":       {shop.Anyone(), "GET", "/api/catalog/products/9223372036854775808", nil, 422, "validation_failed", "path.id"},
		"id of zero":              {shop.Anyone(), "GET", "/api/catalog/products/0", nil, 422, "validation_failed", "path.id"},
		"limit over 100":          {shop.Anyone(), "GET", "/api/catalog/products?limit=101", nil, 422, "validation_failed", "query.limit"},
		"limit of zero":           {shop.Anyone(), "GET", "/api/catalog/products?limit=0", nil, 422, "validation_failed", "query.limit"},
		"unknown query parameter": {shop.Anyone(), "GET", "/api/catalog/products?colour=red", nil, 422, "validation_failed", "query.colour"},
		"unknown sort":            {shop.Anyone(), "GET", "/api/catalog/products?sort=random", nil, 422, "validation_failed", "query.sort"},
		"U+0000 in the query":     {shop.Anyone(), "GET", "/api/catalog/products?brand=%00", nil, 422, "validation_failed", "query"},
		"price filter":            {shop.Anyone(), "GET", "/api/catalog/products?price_from=-1", nil, 422, "validation_failed", "query.price_from"},
		"no token":                {shop.Anyone(), "POST", "/api/catalog/vendors", `{}`, 401, "unauthenticated", ""},
		"address with a name":     {shop.Anyone(), "POST", "/api/identity/register", strings.Replace(register, "a@example.com", "A <a@example.com>", 1) + "}", 422, "validation_failed", "body.email"},
		"no address":              {shop.Anyone(), "POST", "/api/identity/register", strings.Replace(register, "a@example.com", "a@localhost", 1) + "}", 422, "validation_failed", "body.email"},
		"country that is none":    {shop.Anyone(), "POST", "/api/identity/register", register + `,"country":"XX"}`, 422, "validation_failed", "body.country"},
		"role at registration":    {shop.Anyone(), "POST", "/api/identity/register", register + `,"roles":["admin"]}`, 422, "validation_failed", "body.roles"},
		"no such path":            {shop.Anyone(), "GET", "/api/nothing", nil, 404, "not_found", ""},
		"no such method":          {shop.Anyone(), "PUT", "/api/catalog/products", `{}`, 405, "method_not_allowed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			problem := c.client.Do(c.method, c.path, c.body).WantProblem(c.status, c.code)
			if c.location == "" {
				return
			}
			for _, field := range problem.Errors {
				if field.Location == c.location {
					return
				}
			}
			t.Errorf("names %+v, want %s", problem.Errors, c.location)
		})
	}
	// Nothing was written on the way.
	for _, table := range []string{"catalog.products", "catalog.stock", "catalog.stock_ledger"} {
		var rows int
		if err := shop.Deps.DB.Pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%s has %d rows, %v", table, rows, err)
		}
	}
}

func TestAnotherMediaTypeIsRefused(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	for _, media := range []string{"text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"} {
		shop.Admin().Post("/api/catalog/vendors", `{"vendor_name":"A","region":"PT"}`, "Content-Type", media).
			WantProblem(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
}

func TestWhatWasSentIsNotEchoed(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	const secret = "s3cr3t-that-must-not-come-back"
	for _, body := range []string{
		`{"email":"` + secret + `","password":1}`,
		`{"email":"a@example.com","password":{"x":"` + secret + `"}}`,
		`{"email":"a@example.com","password":"` + secret, // cut off
		`{"email":"a@example.com","password":["` + secret + `"],"first_name":"` + strings.Repeat(secret, 10) + `"}`,
		`{"email":"x","password":"short","first_name":"` + secret + `","last_name":"` + secret + `","country":"` + secret + `","birth_date":"` + secret + `"}`,
	} {
		answer := shop.Anyone().Post("/api/identity/register", body)
		if answer.Status/100 != 4 || strings.Contains(string(answer.Body), secret) {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
	// A UUID's own parser tells what stood in place of "urn:uuid:".
	if answer := shop.Admin().Get("/api/orders/s3cr3t:x:01a1fa08-d67b-7a11-8b7b-aaaaaaaaaaaa"); answer.Status != http.StatusUnprocessableEntity || strings.Contains(string(answer.Body), "s3cr3t") {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	for _, query := range []string{"price_from=", "vendor_id=", "limit=", "sort=", "cursor="} {
		if answer := shop.Anyone().Get("/api/catalog/products?" + query + secret); answer.Status != http.StatusUnprocessableEntity || strings.Contains(string(answer.Body), secret) {
			t.Errorf("%s: %d %s", query, answer.Status, answer.Body)
		}
	}
}

func TestBodiesAreAtMostOneMebibyte(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	body := func(size int) string {
		const frame = `{"refresh_token":""}`
		return `{"refresh_token":"` + strings.Repeat("x", size-len(frame)) + `"}`
	}
	shop.Anyone().Post("/api/identity/logout", body(1<<20)).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	for _, path := range []string{"/api/identity/logout", "/api/catalog/products", "/api/nothing"} {
		shop.Anyone().Post(path, body(1<<20+1)).WantProblem(http.StatusRequestEntityTooLarge, "body_too_large")
	}
}

func TestABodyThatIsCutOffIsNotAFaultOfOurs(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	connection, err := net.Dial("tcp", strings.TrimPrefix(shop.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	fmt.Fprintf(connection, "POST /api/identity/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/identity/logout", nil)
	if status := readAnswer(t, connection, request); status != http.StatusBadRequest {
		t.Errorf("answered %d", status)
	}
}

func TestTokensThatAreNotOursAreRefused(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	admin := auth.Principal{Roles: []auth.Role{auth.Admin}}
	good, err := shop.Deps.Tokens.Issue(admin)
	if err != nil {
		t.Fatal(err)
	}
	_, otherKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := auth.NewTokens(otherKey, time.Hour).Issue(admin)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	header := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	anyone := shop.Anyone()
	for name, token := range map[string]string{
		"signed by another":  forged,
		"alg none":           header(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".",
		"alg HS256":          header(`{"alg":"HS256","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"another payload":    parts[0] + "." + header(`{"sub":"1","roles":["admin"]}`) + "." + parts[2],
		"signature cut off":  parts[0] + "." + parts[1] + ".",
		"not a token":        "nonsense",
		"two tokens":         good + " " + good,
		"with trailing dots": good + "..",
	} {
		t.Run(name, func(t *testing.T) {
			// On a public operation as well: a token that is sent must be good.
			for _, path := range []string{"/api/identity/customers", "/api/catalog/products"} {
				answer := anyone.With(token).Get(path)
				answer.WantProblem(http.StatusUnauthorized, "invalid_token")
				if answer.Header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s does not say how to authenticate", path)
				}
			}
		})
	}
	anyone.Do("GET", "/api/identity/customers", nil, "Authorization", "Basic YTpi").WantProblem(http.StatusUnauthorized, "invalid_token")
}

func TestAnExpiredTokenIsRefused(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	expired, err := auth.NewTokens(key, -time.Second).Issue(auth.Principal{Roles: []auth.Role{auth.Admin}})
	if err != nil {
		t.Fatal(err)
	}
	shop := apitest.New(t, func(deps *api.Deps) { deps.Tokens = auth.NewTokens(key, time.Minute) })
	shop.Anyone().With(expired).Get("/api/identity/customers").WantProblem(http.StatusUnauthorized, "expired_token")
	// Signing in does not look at it.
	shop.Anyone().With(expired).Post("/api/identity/token", map[string]string{"username": "a@example.com", "password": "x"}).
		WantProblem(http.StatusUnauthorized, "invalid_credentials")
}

// What no column can hold is refused by Postgres alone, and is the client's fault all the same.
func TestAKeyThatIsNotTextIsRefused(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	customer, _ := shop.NewCustomer()
	shop.Customer(customer).Post("/api/checkout", map[string]any{
		"payment_method":   map[string]string{"type": "card", "token": "approve"},
		"shipping_address": map[string]string{"line1": "Rua 1", "city": "Porto", "country": "PT", "postal_code": "4000"},
	}, "Idempotency-Key", "\xff\xfe").WantProblem(http.StatusUnprocessableEntity, "validation_failed")
}
