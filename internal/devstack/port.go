package devstack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Port is a TCP port that a server of the local stack listens on.
type Port struct {
	Host     string // empty means loopback
	Number   int
	Of       string // whose port it is, in messages
	Flag     string // what chooses another one; empty when nothing does
	Variable string
}

// PortInUseError tells which port another program holds, and how to choose another one.
type PortInUseError struct{ Port }

func (e *PortInUseError) Error() string {
	message := fmt.Sprintf("port %d, meant for %s, is in use by another program", e.Number, e.Of)
	if e.Flag != "" {
		message += fmt.Sprintf(": stop that program or choose another port with %s (%s)", e.Flag, e.Variable)
	}
	return message
}

// Address returns the port's host:port.
func (p Port) Address() string {
	host := p.Host
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(p.Number))
}

// Check returns a *PortInUseError when another program listens on the port.
func (p Port) Check(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", p.Address())
	switch {
	case err == nil:
		return listener.Close()
	case errors.Is(err, syscall.EADDRINUSE):
		return &PortInUseError{p}
	default:
		return fmt.Errorf("port %d, meant for %s: %w", p.Number, p.Of, err)
	}
}

// Await is Check for the ports of a process that was killed a moment ago: it gives the port until
// the context ends.
func (p Port) Await(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := p.Check(context.WithoutCancel(ctx))
		var inUse *PortInUseError
		if !errors.As(err, &inUse) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Ports for tests lie below those that the kernel gives to outgoing connections (from 32768 on):
// one of these may be taken between the moment it is found free and the start of its server, or
// while a server is started again.
const firstFree, lastFree = 12000, 32000

var (
	issuedMu sync.Mutex
	issued   = map[int]bool{}
)

// FreePorts returns ports that nothing listens on at the moment, and that no other call has
// returned.
func FreePorts(ctx context.Context, count int) ([]int, error) {
	issuedMu.Lock()
	defer issuedMu.Unlock()
	var ports []int
	for tries := 0; len(ports) < count; tries++ {
		if tries > 1000 {
			return nil, fmt.Errorf("fewer than %d ports are free", count)
		}
		number := firstFree + rand.IntN(lastFree-firstFree)
		if !issued[number] && (Port{Number: number}).Check(ctx) == nil {
			issued[number] = true
			ports = append(ports, number)
		}
	}
	return ports, nil
}
