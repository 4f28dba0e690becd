package main_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
)

// inProduction is everything that production mode asks of a command's settings.
var inProduction = []string{
	"MERCADO_MODE=production",
	"MERCADO_DATABASE_URL=postgres://mercado:secret@127.0.0.1:1/mercado",
	"MERCADO_WAREHOUSE_URL=postgres://mercado:secret@127.0.0.1:1/mercado",
	"MERCADO_S3_SECRET_KEY=secret",
	"MERCADO_WEBHOOK_SECRET=" + strings.Repeat("s", 32),
	"MERCADO_MASK_KEY=" + strings.Repeat("m", 32),
	"MERCADO_ALLOW_SANDBOX_PAYMENTS=true",
	"MERCADO_ALLOW_SANDBOX_CARRIER=true",
}

// takingMoney is a payment provider that takes money.
var takingMoney = []string{"MERCADO_PAYMENT_PROVIDER=stripe", "MERCADO_STRIPE_KEY=sk_live_x", "MERCADO_STRIPE_WEBHOOK_SECRET=whsec_" + strings.Repeat("s", 32)}

// TestProductionRefusesWhatIsMeantForDevelopment: no command meets a known or a weak password, or
// the sandbox, by a setting that somebody forgot.
func TestProductionRefusesWhatIsMeantForDevelopment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		command string
		without string // the setting that keeps its default, or is value
		value   string
		more    []string
	}{
		{command: "api", without: "MERCADO_DATABASE_URL"},
		{command: "api", without: "MERCADO_S3_SECRET_KEY"},
		{command: "api", without: "MERCADO_WEBHOOK_SECRET"},
		{command: "api", without: "MERCADO_WEBHOOK_SECRET", value: "short"},
		{command: "api", without: "MERCADO_ALLOW_SANDBOX_PAYMENTS"},
		{command: "api", without: "MERCADO_ALLOW_SANDBOX_PAYMENTS", value: "false"},
		{command: "api", without: "MERCADO_ALLOW_SANDBOX_CARRIER"},
		{command: "api", without: "MERCADO_ALLOW_SANDBOX_CARRIER", more: takingMoney},
		{command: "api", without: "MERCADO_WEBHOOK_ALLOW_LOOPBACK", value: "true"},
		{command: "worker", without: "MERCADO_WEBHOOK_ALLOW_LOOPBACK", value: "true"},
		{command: "worker", without: "MERCADO_MASK_KEY"},
		{command: "worker", without: "MERCADO_MASK_KEY", value: "short"},
		{command: "worker", without: "MERCADO_WAREHOUSE_URL"},
		{command: "worker", without: "MERCADO_ALLOW_SANDBOX_PAYMENTS"},
		{command: "worker", without: "MERCADO_ALLOW_SANDBOX_CARRIER"},
		{command: "worker", without: "MERCADO_ALLOW_SANDBOX_CARRIER", more: takingMoney},
		{command: "sandbox", without: "MERCADO_ALLOW_SANDBOX_PAYMENTS"},
		{command: "sandbox", without: "MERCADO_ALLOW_SANDBOX_CARRIER"},
		{command: "migrate", without: "MERCADO_WAREHOUSE_URL"},
		{command: "buckets", without: "MERCADO_S3_SECRET_KEY"},
		{command: "etl run", without: "MERCADO_DATABASE_URL"},
		{command: "etl status", without: "MERCADO_DATABASE_URL"},
		{command: "doctor", without: "MERCADO_DATABASE_URL"},
	} {
		t.Run(test.command+" "+test.without+"="+test.value, func(t *testing.T) {
			t.Parallel()
			environment := slices.DeleteFunc(slices.Clone(inProduction), func(variable string) bool {
				return strings.HasPrefix(variable, test.without+"=")
			})
			if test.value != "" {
				environment = append(environment, test.without+"="+test.value)
			}
			environment = append(environment, test.more...)
			code, said := runWith(t, environment, strings.Fields(test.command)...)
			if code != 2 || strings.Count(said, "\n") != 1 || !strings.Contains(said, test.without) {
				t.Errorf("exit code %d: %s", code, said)
			}
		})
	}
	// Who takes real money is asked for no leave to take none, but for one to send parcels nowhere.
	paid := slices.DeleteFunc(slices.Clone(inProduction), func(variable string) bool {
		return strings.HasPrefix(variable, "MERCADO_ALLOW_SANDBOX_PAYMENTS=")
	})
	if code, said := runWith(t, append(paid, takingMoney...), "audit"); strings.Contains(said, "SANDBOX") {
		t.Errorf("with another provider, the sandbox is asked for: exit code %d: %s", code, said)
	}
	for _, command := range []string{"up", "seed"} {
		if code, said := runWith(t, inProduction, command); code != 2 || !strings.Contains(said, "MERCADO_MODE") {
			t.Errorf("%s: exit code %d: %s", command, code, said)
		}
	}
	if code, said := runWith(t, inProduction, "migrate"); code != 1 || !strings.Contains(said, "refused") {
		t.Errorf("with settings for production, migrate does not ask the database: exit code %d: %s", code, said)
	}
}

// runWith runs a command with these settings and no others.
func runWith(t *testing.T, variables []string, arguments ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, stacktest.Binary(t), arguments...)
	command.Env = append(append(settings.Foreign(), "MERCADO_HOME="+t.TempDir()), variables...)
	output, _ := command.CombinedOutput()
	return command.ProcessState.ExitCode(), string(output)
}
