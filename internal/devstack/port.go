package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

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
func (p Port) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Number)) }

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

// FreePorts returns ports that nothing listens on at the moment, all different.
func FreePorts(ctx context.Context, count int) ([]int, error) {
	ports := make([]int, count)
	var config net.ListenConfig
	for i := range ports {
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
