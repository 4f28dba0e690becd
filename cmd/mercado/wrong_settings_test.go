package main_test

import (
	"strings"
	"testing"
)

// A wrong setting ends a command before it does anything, with one line that names it.
func TestWrongSettingIsNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		command  string
		variable string // NAME=VALUE
		named    string // where it is not the variable that the message names
	}{
		{command: "up", variable: "MERCADO_POSTGRES_PORT=0"},
		{command: "up", variable: "MERCADO_POSTGRES_PORT=many"},
		{command: "up", variable: "MERCADO_S3_PORT=65536"},
		{command: "up", variable: "MERCADO_S3_PORT=15432"}, // Postgres has it
		{command: "up", variable: "MERCADO_API_ADDR=8080"},
		{command: "up", variable: "MERCADO_API_ADDR=127.0.0.1:0"},
		{command: "up", variable: "MERCADO_HOLD_TTL=soon"},
		{command: "up", variable: "MERCADO_HOLD_TTL=0s"},
		{command: "up", variable: "MERCADO_DATABASE_URL=mysql://there"},
		{command: "up", variable: "MERCADO_DATABASE_MAX_CONNS=1"},
		{command: "up", variable: "MERCADO_MODE=production"},
		{command: "up", variable: "MERCADO_MODE=staging", named: "--mode"},
		{command: "up", variable: "MERCADO_LOG_LEVEL=loud", named: "--log-level"},
		{command: "up", variable: "MERCADO_ETL_DAILY_AT=noon"},
		{command: "worker", variable: "MERCADO_LAKE_MEMORY=256MiBs"},
		{command: "migrate", variable: "MERCADO_DATABASE_URL="},
		{command: "migrate", variable: "MERCADO_WAREHOUSE_URL=somewhere"},
		{command: "api", variable: "TEMPORAL_ADDRESS=nowhere"},
		{command: "api", variable: "MERCADO_TEMPORAL_UI=ftp://127.0.0.1"},
		{command: "api", variable: "MERCADO_S3_ENDPOINT=127.0.0.1:9000"},
		{command: "api", variable: "MERCADO_ACCESS_TOKEN_TTL=-1m"},
		{command: "api", variable: "MERCADO_REFRESH_TOKEN_TTL=1m"},
		{command: "api", variable: "MERCADO_PASSWORD_MIN_LENGTH=1"},
		{command: "api", variable: "MERCADO_PASSWORD_BLOCKLIST=/nowhere/leaked.txt"},
		{command: "doctor", variable: "MERCADO_PAYMENT_URL=bank"},
		{command: "api", variable: "MERCADO_WEBHOOK_SECRET="},
		{command: "api", variable: "MERCADO_S3_ACCESS_KEY="},
		{command: "api", variable: "MERCADO_S3_SECRET_KEY="},
		{command: "up", variable: "MERCADO_SANDBOX_TRANSIT=-1s"},
	} {
		t.Run(test.command+" "+test.variable, func(t *testing.T) {
			t.Parallel()
			named := test.named
			if named == "" {
				named, _, _ = strings.Cut(test.variable, "=")
			}
			code, said := runWith(t, []string{test.variable}, test.command)
			if code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if strings.Count(said, "\n") != 1 || !strings.Contains(said, named) {
				t.Errorf("it does not say in one line that %s is wrong: %s", named, said)
			}
		})
	}
}
