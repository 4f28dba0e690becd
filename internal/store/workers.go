package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// NoWorkerError tells that nobody works on a queue.
type NoWorkerError struct{ Queue string }

func (e *NoWorkerError) Error() string {
	return fmt.Sprintf("no worker serves the queue %s: start `mercado worker`, or `mercado up`", e.Queue)
}

// WorkerPresent returns a *NoWorkerError when nobody works on a queue.
func (db *DB) WorkerPresent(ctx context.Context, queue string) error {
	workers, err := db.WorkersAnnounced(ctx, queue)
	if err != nil {
		return fmt.Errorf("look for a worker: %w", err)
	}
	if workers == 0 {
		return &NoWorkerError{Queue: queue}
	}
	return nil
}

// AwaitWorker is WorkerPresent as soon as a worker has announced itself, or when patience is over.
func (db *DB) AwaitWorker(ctx context.Context, queue string, patience time.Duration) error {
	over := time.NewTimer(patience)
	defer over.Stop()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		err := db.WorkerPresent(ctx, queue)
		var absent *NoWorkerError
		if !errors.As(err, &absent) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over.C:
			return err
		case <-again.C:
		}
	}
}
