package etl

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresDiskFull is Postgres's error code.
const postgresDiskFull = "53100"

// advise adds to the error of a full disk whose it is and what to do. It is tried again: room may be
// made meanwhile.
func (a *Activities) advise(err error) error {
	var answer *pgconn.PgError
	switch {
	case errors.As(err, &answer) && answer.Code == postgresDiskFull:
		return fmt.Errorf("%w: the disk of Postgres is full, make room on it", err)
	// What DuckDB says of a full disk that it writes results to is text alone.
	case errors.Is(err, syscall.ENOSPC), strings.Contains(err.Error(), syscall.ENOSPC.Error()), strings.Contains(err.Error(), "No space left on device"):
		return fmt.Errorf("%w: the disk that holds %s is full, make room on it or move MERCADO_HOME", err, a.Scratch)
	}
	return err
}
