// Package settings names every setting of Mercado once: its flag, its environment variable, its
// default and what it means. Commands embed the groups they need; kong fills them in the order
// flag, variable, default.
package settings

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mercado/internal/money"
)

// DevelopmentPassword is the password of everything that `mercado up` starts. Production mode
// refuses it wherever it stands.
const DevelopmentPassword = "mercado-development"

// Error tells which setting is missing or wrong. The program ends with exit code 2.
type Error struct {
	Setting string // the environment variable
	Problem string
}

func (e *Error) Error() string { return e.Setting + " " + e.Problem }

// Environment says how much the program may assume.
type Environment struct {
	Mode string `name:"mode" env:"MERCADO_MODE" enum:"development,production" default:"development" help:"development fills in local defaults; production refuses them (${enum})."`
	Home string `name:"home" env:"MERCADO_HOME" default:".mercado" type:"path" help:"Folder for the local servers' data, keys and logs."`
}

// Production reports whether development defaults must be refused.
func (e Environment) Production() bool { return e.Mode == "production" }

// Database is the shop's Postgres.
type Database struct {
	URL      string `name:"database-url" env:"MERCADO_DATABASE_URL" default:"postgres://mercado:mercado-development@127.0.0.1:15432/mercado" help:"Postgres of the shop."`
	MaxConns int32  `name:"database-max-conns" env:"MERCADO_DATABASE_MAX_CONNS" default:"16" help:"Most connections a process opens to the shop's Postgres, at least 4. An API keeps half of them for requests; a worker has half for orders, a quarter for the steps of loads and a quarter for their copies. max_connections of the server must allow as many for every API and worker, and 6 more for a worker where the warehouse is."`
}

// Validate implements kong's validation hook.
func (d Database) Validate() error {
	if err := postgresURL("MERCADO_DATABASE_URL", d.URL); err != nil {
		return err
	}
	if d.MaxConns < 4 {
		return &Error{"MERCADO_DATABASE_MAX_CONNS", "must be at least 4"}
	}
	return nil
}

// Warehouse is the Postgres that analysts query; it may be the shop's own or another server.
type Warehouse struct {
	URL string `name:"warehouse-url" env:"MERCADO_WAREHOUSE_URL" default:"postgres://mercado:mercado-development@127.0.0.1:15432/mercado" help:"Postgres of the warehouse; may be another server than the shop's."`

	LockTimeout time.Duration `name:"warehouse-lock-timeout" env:"MERCADO_WAREHOUSE_LOCK_TIMEOUT" default:"10s" help:"How long a load waits for whoever holds a lock on a table of the warehouse, before it lets others pass and the step is tried again."`
}

// Validate implements kong's validation hook.
func (w Warehouse) Validate() error {
	if w.LockTimeout < time.Millisecond {
		return &Error{"MERCADO_WAREHOUSE_LOCK_TIMEOUT", "must be at least 1ms"}
	}
	return postgresURL("MERCADO_WAREHOUSE_URL", w.URL)
}

// ObjectStore is the S3-compatible store of the lake's four zones.
type ObjectStore struct {
	Endpoint     string `name:"s3-endpoint" env:"MERCADO_S3_ENDPOINT" default:"http://127.0.0.1:9000" help:"S3-compatible object store."`
	Region       string `name:"s3-region" env:"MERCADO_S3_REGION" default:"us-east-1" help:"Region the object store signs for."`
	AccessKey    string `name:"s3-access-key" env:"MERCADO_S3_ACCESS_KEY" default:"mercado" help:"Access key of the pipeline's account."`
	SecretKey    string `name:"s3-secret-key" env:"MERCADO_S3_SECRET_KEY" default:"mercado-development" help:"Secret key of the pipeline's account."`
	BucketPrefix string `name:"s3-bucket-prefix" env:"MERCADO_S3_BUCKET_PREFIX" default:"" help:"Put before raw, clean, work and gold, where bucket names are shared."`
}

// Validate implements kong's validation hook.
func (o ObjectStore) Validate() error {
	if o.AccessKey == "" {
		return &Error{"MERCADO_S3_ACCESS_KEY", "must not be empty"}
	}
	if o.SecretKey == "" {
		return &Error{"MERCADO_S3_SECRET_KEY", "must not be empty"}
	}
	return httpURL("MERCADO_S3_ENDPOINT", o.Endpoint)
}

// Temporal is the part of Temporal's configuration that is Mercado's own. The connection itself
// follows Temporal's standard TEMPORAL_* variables.
type Temporal struct {
	Address         string `name:"temporal-address" env:"TEMPORAL_ADDRESS" default:"127.0.0.1:7233" help:"Temporal frontend, host:port. The other TEMPORAL_* variables (namespace, TLS, API key) are honoured as well."`
	Namespace       string `name:"temporal-namespace" env:"TEMPORAL_NAMESPACE" default:"default" help:"Temporal namespace."`
	UI              string `name:"temporal-ui" env:"MERCADO_TEMPORAL_UI" default:"http://127.0.0.1:8233" help:"Base address of the Temporal UI that links point to."`
	TaskQueuePrefix string `name:"task-queue-prefix" env:"MERCADO_TASK_QUEUE_PREFIX" default:"" help:"Put before the task queues orders and etl and before schedule ids, where a namespace is shared."`
}

// Validate implements kong's validation hook.
func (t Temporal) Validate() error {
	if _, port, err := net.SplitHostPort(t.Address); err != nil || port == "" {
		return &Error{"TEMPORAL_ADDRESS", fmt.Sprintf("must be host:port, not %q", t.Address)}
	}
	return httpURL("MERCADO_TEMPORAL_UI", t.UI)
}

// API is the HTTP server.
type API struct {
	Addr           string `name:"api-addr" env:"MERCADO_API_ADDR" default:"127.0.0.1:8080" help:"Address the API listens on."`
	TrustedProxies string `name:"trusted-proxies" env:"MERCADO_TRUSTED_PROXIES" default:"" help:"Addresses or networks of reverse proxies, separated by commas, whose X-Forwarded-For names the client (default: nobody's)."`
}

// Validate implements kong's validation hook.
func (a API) Validate() error {
	if _, err := a.Proxies(); err != nil {
		return err
	}
	return listenAddress("MERCADO_API_ADDR", a.Addr)
}

// Proxies lists the trusted proxies.
func (a API) Proxies() ([]string, error) {
	var proxies []string
	for proxy := range strings.SplitSeq(a.TrustedProxies, ",") {
		proxy = strings.TrimSpace(proxy)
		if a.TrustedProxies == "" {
			break
		}
		_, addressErr := netip.ParseAddr(proxy)
		if _, err := netip.ParsePrefix(proxy); err != nil && addressErr != nil {
			return nil, &Error{"MERCADO_TRUSTED_PROXIES", fmt.Sprintf("must list addresses and networks, not %q", proxy)}
		}
		proxies = append(proxies, proxy)
	}
	return proxies, nil
}

// Auth signs access tokens.
type Auth struct {
	KeyFile         string        `name:"auth-key-file" env:"MERCADO_AUTH_KEY_FILE" default:"" help:"PEM file of the Ed25519 key that signs access tokens (default: keys/auth.pem under the home, made at first use in development)."`
	AccessTokenTTL  time.Duration `name:"access-token-ttl" env:"MERCADO_ACCESS_TOKEN_TTL" default:"15m" help:"How long an access token is valid."`
	RefreshTokenTTL time.Duration `name:"refresh-token-ttl" env:"MERCADO_REFRESH_TOKEN_TTL" default:"720h" help:"How long a refresh token is valid."`
	PasswordMin     int           `name:"password-min-length" env:"MERCADO_PASSWORD_MIN_LENGTH" default:"15" help:"Fewest characters of a new password."`

	PasswordBlocklist string `name:"password-blocklist" env:"MERCADO_PASSWORD_BLOCKLIST" default:"" help:"File of passwords that nobody may choose, beside those that are refused by rule: a password a line, or its SHA-1 in hexadecimal, with or without :count. Read at the start, 20 bytes of memory a line."`

	SignInsPerAccount   Rate `name:"sign-ins-per-account" env:"MERCADO_SIGN_INS_PER_ACCOUNT" default:"10/15m" help:"How often one account may be tried with a password; signing in starts anew (number/duration, or none)."`
	SignInsPerAddress   Rate `name:"sign-ins-per-address" env:"MERCADO_SIGN_INS_PER_ADDRESS" default:"100/1m" help:"How often one client address may try to sign in (number/duration, or none)."`
	RegistersPerAddress Rate `name:"registers-per-address" env:"MERCADO_REGISTERS_PER_ADDRESS" default:"100/10m" help:"How often one client address may register somebody (number/duration, or none)."`
	RefreshesPerAddress Rate `name:"refreshes-per-address" env:"MERCADO_REFRESHES_PER_ADDRESS" default:"600/1m" help:"How often one client address may exchange a refresh token (number/duration, or none)."`
}

// Validate implements kong's validation hook.
func (a Auth) Validate() error {
	if a.AccessTokenTTL <= 0 {
		return &Error{"MERCADO_ACCESS_TOKEN_TTL", "must be positive"}
	}
	if a.RefreshTokenTTL <= a.AccessTokenTTL {
		return &Error{"MERCADO_REFRESH_TOKEN_TTL", "must be longer than MERCADO_ACCESS_TOKEN_TTL"}
	}
	if a.PasswordMin < 8 {
		return &Error{"MERCADO_PASSWORD_MIN_LENGTH", "must be at least 8"}
	}
	return nil
}

// Shop holds the rules of selling.
type Shop struct {
	HoldTTL             time.Duration `name:"hold-ttl" env:"MERCADO_HOLD_TTL" default:"15m" help:"How long an item in a cart keeps its stock."`
	CatalogueCache      time.Duration `name:"catalogue-cache" env:"MERCADO_CATALOGUE_CACHE" default:"500ms" help:"How long the API keeps a product or the first page of a list in memory, at most 1s; 0 reads each time."`
	PackAfter           time.Duration `name:"pack-after" env:"MERCADO_PACK_AFTER" default:"2s" help:"A shipment that its vendor has not packed by then is packed by itself."`
	ShipAfter           time.Duration `name:"ship-after" env:"MERCADO_SHIP_AFTER" default:"2s" help:"A shipment that its vendor has packed and not sent off by then is sent off by itself."`
	ReturnWindow        time.Duration `name:"return-window" env:"MERCADO_RETURN_WINDOW" default:"720h" help:"How long after its delivery a customer may send something back."`
	PaymentProvider     string        `name:"payment-provider" env:"MERCADO_PAYMENT_PROVIDER" enum:"sandbox,stripe" default:"sandbox" help:"Who moves the money of new orders (${enum})."`
	StripeKey           string        `name:"stripe-key" env:"MERCADO_STRIPE_KEY" default:"" help:"Secret key of the Stripe account; empty: none."`
	StripeWebhookSecret string        `name:"stripe-webhook-secret" env:"MERCADO_STRIPE_WEBHOOK_SECRET" default:"" help:"Signing secret of the endpoint at Stripe that sends to /api/webhooks/payments."`
	StripeURL           string        `name:"stripe-url" env:"MERCADO_STRIPE_URL" default:"https://api.stripe.com" help:"Stripe's API, or a stripe-mock."`
	TransferPatience    time.Duration `name:"transfer-patience" env:"MERCADO_TRANSFER_PATIENCE" default:"72h" help:"How long an order keeps its stock while it waits for its bank transfer."`
	PaymentURL          string        `name:"payment-url" env:"MERCADO_PAYMENT_URL" default:"http://127.0.0.1:8090" help:"Payment provider (the sandbox)."`
	PaymentTimeout      time.Duration `name:"payment-timeout" env:"MERCADO_PAYMENT_TIMEOUT" default:"3s" help:"A payment call without an answer by then has an unknown outcome and is looked up."`
	CarrierURL          string        `name:"carrier-url" env:"MERCADO_CARRIER_URL" default:"http://127.0.0.1:8090" help:"Carrier (the sandbox)."`
	TrackEvery          time.Duration `name:"track-every" env:"MERCADO_TRACK_EVERY" default:"1m" help:"How often the carrier is asked about a parcel that nothing was heard of."`
	WebhookSecret       string        `name:"webhook-secret" env:"MERCADO_WEBHOOK_SECRET" default:"mercado-development" help:"Secret that providers and carriers sign their webhooks with."`
	SandboxPayments     bool          `name:"allow-sandbox-payments" env:"MERCADO_ALLOW_SANDBOX_PAYMENTS" default:"false" help:"Let production mode be paid through the sandbox, which takes no money; beside Stripe it is only set up with this, for orders that were paid through it."`
	SandboxCarrier      bool          `name:"allow-sandbox-carrier" env:"MERCADO_ALLOW_SANDBOX_CARRIER" default:"false" help:"Let production mode send parcels by the sandbox, which carries nothing; there is no other carrier yet."`
	SweepEvery          time.Duration `name:"sweep-every" env:"MERCADO_SWEEP_EVERY" default:"1m" help:"How often expired holds are taken out of the books; nothing waits for it, and 0 never does."`
	KeepImports         time.Duration `name:"keep-imports" env:"MERCADO_KEEP_IMPORTS" default:"720h" help:"How long an import of products, and what was wrong with its rows, is kept after its end; 0 keeps it for ever."`
}

// Validate implements kong's validation hook.
func (s Shop) Validate() error {
	if s.HoldTTL <= 0 {
		return &Error{"MERCADO_HOLD_TTL", "must be positive"}
	}
	if s.CatalogueCache < 0 || s.CatalogueCache > time.Second {
		return &Error{"MERCADO_CATALOGUE_CACHE", "must be from 0 to 1s"}
	}
	if s.SweepEvery < 0 || (s.SweepEvery > 0 && s.SweepEvery < time.Second) {
		return &Error{"MERCADO_SWEEP_EVERY", "must be 0 or at least 1s"}
	}
	if s.KeepImports < 0 {
		return &Error{"MERCADO_KEEP_IMPORTS", "must not be negative"}
	}
	if s.PackAfter < 0 {
		return &Error{"MERCADO_PACK_AFTER", "must not be negative"}
	}
	if s.ShipAfter < 0 {
		return &Error{"MERCADO_SHIP_AFTER", "must not be negative"}
	}
	if s.ReturnWindow < 0 {
		return &Error{"MERCADO_RETURN_WINDOW", "must not be negative"}
	}
	if s.WebhookSecret == "" {
		return &Error{"MERCADO_WEBHOOK_SECRET", "must not be empty"}
	}
	if s.TrackEvery <= 0 {
		return &Error{"MERCADO_TRACK_EVERY", "must be positive"}
	}
	if s.PaymentTimeout <= 0 || s.PaymentTimeout > 10*time.Second {
		return &Error{"MERCADO_PAYMENT_TIMEOUT", "must be positive and at most 10s"}
	}
	if s.TransferPatience <= 0 {
		return &Error{"MERCADO_TRANSFER_PATIENCE", "must be positive"}
	}
	for variable, missing := range map[string]bool{
		"MERCADO_STRIPE_KEY":            s.StripeKey == "" && (s.PaymentProvider == "stripe" || s.StripeWebhookSecret != ""),
		"MERCADO_STRIPE_WEBHOOK_SECRET": s.StripeWebhookSecret == "" && (s.PaymentProvider == "stripe" || s.StripeKey != ""),
	} {
		if missing {
			return &Error{variable, "must be set where Stripe is used"}
		}
	}
	if s.StripeURL != "" {
		if err := httpURL("MERCADO_STRIPE_URL", s.StripeURL); err != nil {
			return err
		}
	}
	if err := httpURL("MERCADO_PAYMENT_URL", s.PaymentURL); err != nil {
		return err
	}
	return httpURL("MERCADO_CARRIER_URL", s.CarrierURL)
}

// Lake bounds what a transform step may use and keeps the key of masked personal data.
type Lake struct {
	MemoryLimit string `name:"lake-memory" env:"MERCADO_LAKE_MEMORY" default:"256MiB" help:"Memory that a transform step keeps its rows in before it spills to disk. The worker takes up to 500 MiB beside it."`
	Threads     int    `name:"lake-threads" env:"MERCADO_LAKE_THREADS" default:"2" help:"Threads of one transform step."`
	MaskKey     string `name:"mask-key" env:"MERCADO_MASK_KEY" default:"mercado-development" help:"Key of the hash that stands for an e-mail address in work, gold and warehouse."`

	CLVExpectedMonths  int          `name:"clv-expected-months" env:"MERCADO_CLV_EXPECTED_MONTHS" default:"12" help:"Months that a customer who is not lost is expected to go on buying, for the projected lifetime value. A run keeps what it was started with."`
	CLVAcquisitionCost money.Amount `name:"clv-acquisition-cost" env:"MERCADO_CLV_ACQUISITION_COST" default:"0.00" help:"What it costs to win a customer, which the projected lifetime value is less by. A run keeps what it was started with."`
}

// Validate implements kong's validation hook.
func (l Lake) Validate() error {
	if bytes, err := memorySize(l.MemoryLimit); err != nil || bytes < leastLakeMemory {
		return &Error{"MERCADO_LAKE_MEMORY", fmt.Sprintf("must be at least 1MiB, a number with KB, MB, GB, TB, KiB, MiB, GiB or TiB, not %q", l.MemoryLimit)}
	}
	if l.Threads < 1 {
		return &Error{"MERCADO_LAKE_THREADS", "must be at least 1"}
	}
	if l.MaskKey == "" {
		return &Error{"MERCADO_MASK_KEY", "must not be empty"}
	}
	if l.CLVExpectedMonths < 0 || l.CLVExpectedMonths > 1200 {
		return &Error{"MERCADO_CLV_EXPECTED_MONTHS", "must be from 0 to 1200"}
	}
	if l.CLVAcquisitionCost < 0 || l.CLVAcquisitionCost > 1_000_000_00 {
		return &Error{"MERCADO_CLV_ACQUISITION_COST", "must be from 0.00 to 1000000.00"}
	}
	return nil
}

// leastLakeMemory is what DuckDB starts with; nearly every model needs more.
const leastLakeMemory = 1 << 20

var memoryUnits = map[string]float64{
	"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// memorySize is a size as DuckDB takes it, in bytes.
func memorySize(text string) (bytes float64, err error) {
	text = strings.ToLower(strings.TrimSpace(text))
	number := strings.TrimRight(text, "bgikmt")
	unit, known := memoryUnits[text[len(number):]]
	if !known {
		return 0, fmt.Errorf("%q has no unit", text)
	}
	if strings.Trim(strings.TrimSpace(number), "0123456789.") != "" {
		return 0, fmt.Errorf("%q is no number", number)
	}
	bytes, err = strconv.ParseFloat(strings.TrimSpace(number), 64)
	return bytes * unit, err
}

func postgresURL(setting, value string) error {
	parsed, err := url.Parse(value)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") || parsed.Host == "" {
		return &Error{setting, "must be postgres://user:password@host:port/database"}
	}
	return nil
}

func httpURL(setting, value string) error {
	parsed, err := url.Parse(value)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return &Error{setting, fmt.Sprintf("must be http://host:port, not %q", value)}
	}
	return nil
}

func listenAddress(setting, value string) error {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		var number int
		if number, err = strconv.Atoi(port); err == nil && number >= 0 && number <= 65535 {
			return nil
		}
	}
	return &Error{setting, fmt.Sprintf("must be host:port, not %q", value)}
}
