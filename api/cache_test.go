package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestManyWaitForOneReading(t *testing.T) {
	t.Parallel()
	kept := newCache[int](time.Hour, 10)
	var readings atomic.Int32
	release := make(chan struct{})
	read := func(context.Context) (int, error) {
		readings.Add(1)
		<-release
		return 7, nil
	}
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := kept.get(gone, "a", read)
		left <- err
	}()
	leave() // whoever asked first does not wait; the others do
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left was told %v", err)
	}
	var waiting sync.WaitGroup
	for range 50 {
		waiting.Go(func() {
			if value, err := kept.get(t.Context(), "a", read); value != 7 || err != nil {
				t.Errorf("got %d, %v", value, err)
			}
		})
	}
	close(release)
	waiting.Wait()
	if n := readings.Load(); n != 1 {
		t.Errorf("read %d times", n)
	}
}

func TestFailuresAreNotKeptAndRoomIsBounded(t *testing.T) {
	t.Parallel()
	kept := newCache[int](time.Hour, 10)
	for range 3 {
		if _, err := kept.get(t.Context(), "a", func(context.Context) (int, error) { return 0, context.DeadlineExceeded }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("failed with %v", err)
		}
	}
	if _, err := kept.get(t.Context(), "a", func(context.Context) (int, error) { panic("broken") }); err == nil {
		t.Error("a panic is no failure")
	}
	if value, err := kept.get(t.Context(), "a", func(context.Context) (int, error) { return 1, nil }); value != 1 || err != nil {
		t.Errorf("after failures: %d, %v", value, err)
	}
	for i := range 100 {
		if value, err := kept.get(t.Context(), fmt.Sprint(i), func(context.Context) (int, error) { return i, nil }); value != i || err != nil {
			t.Errorf("%d: %d, %v", i, value, err)
		}
		if len(kept.entries) > 10 {
			t.Fatalf("%d entries are kept", len(kept.entries))
		}
	}
}

// A reading that began before a change is not for those who ask after it.
func TestWhatIsForgottenIsReadAnew(t *testing.T) {
	t.Parallel()
	kept := newCache[int](time.Hour, 10)
	began, release := make(chan struct{}), make(chan struct{})
	old := make(chan int)
	go func() {
		value, _ := kept.get(t.Context(), "a", func(context.Context) (int, error) {
			close(began)
			<-release
			return 1, nil
		})
		old <- value
	}()
	<-began
	kept.forget()
	if value, _ := kept.get(t.Context(), "a", func(context.Context) (int, error) { return 2, nil }); value != 2 {
		t.Errorf("got %d, from before the change", value)
	}
	close(release)
	if value := <-old; value != 1 {
		t.Errorf("who asked before got %d", value)
	}
	if value, _ := kept.get(t.Context(), "a", func(context.Context) (int, error) { return 3, nil }); value != 2 {
		t.Errorf("the old reading has driven the new one out: %d", value)
	}
}
