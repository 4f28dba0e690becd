package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"mercado/internal/auth"
)

const (
	loginName  = "login over HTTP"
	argon2Name = "bare argon2id"
	password   = "a password of the benchmark"
)

// mibPerHash is what argon2id takes for one password.
const mibPerHash = 19

// login has eight people sign in at any time: a password costs much memory, and must not cost as
// much of it as there are people.
func (b *bench) login(ctx context.Context) (err error) {
	p, err := b.servers.openShop(ctx, "login", []string{"api"},
		"MERCADO_SIGN_INS_PER_ACCOUNT=none", "MERCADO_SIGN_INS_PER_ADDRESS=none")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	post := func(ctx context.Context, path string, body map[string]any, status int) error {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+path, bytes.NewReader(encoded))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		_, err = answered(request, status)
		return err
	}
	const people = 8
	email := func(i int) string { return fmt.Sprintf("person%d@example.com", i%people) }
	for i := range people {
		if err := post(ctx, "/api/identity/register", map[string]any{
			"email": email(i), "password": password, "first_name": "Ana", "last_name": "Sousa",
		}, http.StatusCreated); err != nil {
			return err
		}
	}
	passwords := auth.NewPasswords(len(password))
	hash, err := passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	before, _, err := residentMiB(p.running["api"].PID())
	if err != nil {
		return err
	}
	pace := b.pace.hurried()
	pace.samples = min(pace.samples, 300) // none of its targets is a latency
	figures, err := b.compare(ctx, pace, people, []subject{
		{name: loginName, shop: p, do: func(ctx context.Context, i int) error {
			return post(ctx, "/api/identity/token", map[string]any{"username": email(i), "password": password}, http.StatusOK)
		}},
		{name: argon2Name, shop: p, do: func(ctx context.Context, _ int) error {
			good, err := passwords.Verify(ctx, password, hash)
			return errors.Join(err, failIf(!good, "a password was not recognised"))
		}},
	})
	if err != nil {
		return err
	}
	_, most, err := residentMiB(p.running["api"].PID())
	if err != nil {
		return err
	}
	b.result.add(fmt.Sprintf("%d at once", people), figures)
	b.result.target(fmt.Sprintf("memory that %d logins take at most, over %d × %d MiB", people, people, mibPerHash),
		(most-before)/(people*mibPerHash), atMost, 1)
	b.result.target("rate of logins, over bare argon2id", ratio(figures[loginName], figures[argon2Name]), atLeast, 0.5)
	return nil
}

// residentMiB is how much memory a process has at the moment, and the most it ever had.
func residentMiB(pid int) (now, most float64, err error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(content)) {
		name, rest, _ := strings.Cut(line, ":")
		if name != "VmRSS" && name != "VmHWM" {
			continue
		}
		kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		if err != nil {
			return 0, 0, err
		}
		if name == "VmRSS" {
			now = kib / 1024
		} else {
			most = kib / 1024
		}
	}
	return now, most, nil
}
