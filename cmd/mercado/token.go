package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"mercado/internal/auth"
	"mercado/internal/settings"
)

// TokenCmd prints an access token for local use, and nothing else.
type TokenCmd struct {
	settings.Auth

	Role     auth.Role `name:"role" required:"" enum:"customer,vendor,admin,data_engineer,data_scientist,bi_analyst" help:"Role the token grants (${enum})."`
	Customer int64     `name:"customer" xor:"whose" help:"Customer the token is for; needed by the role customer."`
	Vendor   int64     `name:"vendor" xor:"whose" help:"Vendor the token is for; needed by the role vendor."`
}

// Validate implements kong's validation hook.
func (c *TokenCmd) Validate() error {
	if err := c.Auth.Validate(); err != nil {
		return err
	}
	for _, bound := range []struct {
		role auth.Role
		flag string
		id   int64
	}{{auth.Customer, "--customer", c.Customer}, {auth.Vendor, "--vendor", c.Vendor}} {
		switch {
		case c.Role == bound.role && bound.id <= 0:
			return fmt.Errorf("--role %s needs %s with an id", bound.role, bound.flag)
		case c.Role != bound.role && c.Role != auth.Admin && bound.id != 0:
			return fmt.Errorf("%s does not go with --role %s", bound.flag, c.Role)
		}
	}
	return nil
}

// Run implements the command.
func (c *TokenCmd) Run(g *Globals) error {
	// A key of its own would sign what no API accepts.
	if _, err := os.Stat(auth.HomeKey(g.Home)); c.KeyFile == "" && errors.Is(err, fs.ErrNotExist) {
		return &settings.Error{Setting: "MERCADO_HOME", Problem: fmt.Sprintf(
			"names %s, which holds no key to sign with: run `mercado up`, or source the file env in the home of the one that runs", g.Home)}
	}
	key, err := auth.LoadKey(g.Environment, c.Auth)
	if err != nil {
		return err
	}
	token, err := auth.NewTokens(key, c.AccessTokenTTL).Issue(auth.Principal{
		CustomerID: c.Customer, VendorID: c.Vendor, Roles: []auth.Role{c.Role},
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(g.stdout, token)
	return err
}
