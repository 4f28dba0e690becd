package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"mercado/internal/payment"
	"mercado/internal/settings"
)

// onlyDevelopment names the commands that production mode refuses, and why.
var onlyDevelopment = map[string]string{
	"up":   "what `mercado up` starts has known passwords",
	"seed": "demo data and its logins stay out of a production shop",
}

// leastCharacters is how long a key must be in production mode.
var leastCharacters = map[string]int{
	"MERCADO_WEBHOOK_SECRET": 32,
	"MERCADO_MASK_KEY":       32,
}

// sandboxes are the parts that the sandbox plays, each of which production mode has to be allowed.
var sandboxes = map[string]struct {
	played  func(given map[string]string) bool // by the other settings of the command
	problem string
}{
	"MERCADO_ALLOW_SANDBOX_PAYMENTS": {
		played:  func(given map[string]string) bool { return given["MERCADO_PAYMENT_PROVIDER"] == payment.SandboxName },
		problem: "must be true in production mode while the sandbox is the payment provider: it takes no money",
	},
	"MERCADO_ALLOW_SANDBOX_CARRIER": {
		played:  func(map[string]string) bool { return true },
		problem: "must be true in production mode while the sandbox is the only carrier: it carries nothing",
	},
}

// checkProduction refuses, before the command runs, what production mode must not meet.
func checkProduction(parsed *kong.Context) error {
	if why, refused := onlyDevelopment[parsed.Command()]; refused {
		return &settings.Error{Setting: "MERCADO_MODE", Problem: "must be development: " + why}
	}
	given := map[string]string{}
	for _, flag := range parsed.Flags() {
		for _, variable := range flag.Envs {
			given[variable] = fmt.Sprint(flag.Target.Interface())
		}
	}
	for _, flag := range parsed.Flags() {
		value := fmt.Sprint(flag.Target.Interface())
		if slices.Contains(flag.Envs, "MERCADO_STRIPE_KEY") && strings.HasPrefix(value, "sk_test_") {
			return &settings.Error{Setting: "MERCADO_STRIPE_KEY", Problem: "is a test key, which production mode refuses"}
		}
		for _, variable := range flag.Envs {
			switch {
			case strings.Contains(value, settings.DevelopmentPassword):
				return &settings.Error{Setting: variable, Problem: "holds the development password, which production mode refuses"}
			case len(value) < leastCharacters[variable]:
				return &settings.Error{Setting: variable, Problem: fmt.Sprintf("must have at least %d characters in production mode", leastCharacters[variable])}
			case variable == "MERCADO_WEBHOOK_ALLOW_LOOPBACK" && value == "true":
				return &settings.Error{Setting: variable, Problem: "must be false in production mode: webhooks go to others"}
			case value != "true" && sandboxes[variable].played != nil && sandboxes[variable].played(given):
				return &settings.Error{Setting: variable, Problem: sandboxes[variable].problem}
			}
		}
	}
	return nil
}
