package api

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// cache keeps what was read for a short while, so that what many people look at is read once. An
// answer is as of at most ttl before the request that gets it.
type cache[V any] struct {
	ttl  time.Duration // 0: nothing is kept
	most int           // entries

	mu      sync.Mutex
	entries map[string]*reading[V]
	swept   time.Time
}

// reading is one value, or the wait for it.
type reading[V any] struct {
	began time.Time
	done  chan struct{} // closed when value and err are there
	value V
	err   error
}

func newCache[V any](ttl time.Duration, most int) *cache[V] {
	return &cache[V]{ttl: ttl, most: most, entries: map[string]*reading[V]{}}
}

// get returns what is kept under key, or reads it; those who ask at the same time wait for one
// reading. What fails is not kept.
func (c *cache[V]) get(ctx context.Context, key string, read func(context.Context) (V, error)) (V, error) {
	if c.ttl <= 0 {
		return read(ctx)
	}
	c.mu.Lock()
	now := time.Now()
	r, found := c.entries[key]
	if !found || now.Sub(r.began) >= c.ttl {
		r = &reading[V]{began: now, done: make(chan struct{})}
		c.makeRoom(now)
		c.entries[key] = r
		// The reading outlives whoever asked first: others wait for it.
		go c.fill(context.WithoutCancel(ctx), key, r, read)
	}
	c.mu.Unlock()
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (c *cache[V]) fill(ctx context.Context, key string, r *reading[V], read func(context.Context) (V, error)) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer close(r.done)
	defer func() {
		if cause := recover(); cause != nil {
			r.err = fmt.Errorf("read for the cache: %v", cause)
		}
		if r.err != nil {
			c.mu.Lock()
			if c.entries[key] == r {
				delete(c.entries, key)
			}
			c.mu.Unlock()
		}
	}()
	r.value, r.err = read(ctx)
}

// makeRoom drops what is too old, at most once in ttl, and anything where that is not enough.
func (c *cache[V]) makeRoom(now time.Time) {
	if now.Sub(c.swept) >= c.ttl {
		c.swept = now
		for key, r := range c.entries {
			if now.Sub(r.began) >= c.ttl {
				delete(c.entries, key)
			}
		}
	}
	for key := range c.entries {
		if len(c.entries) < c.most {
			return
		}
		delete(c.entries, key)
	}
}

// forget drops everything: whoever has changed something reads it from now on. Readings under way
// are for those who wait for them already.
func (c *cache[V]) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
