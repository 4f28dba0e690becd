package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// subject is one of the things that are measured beside each other.
type subject struct {
	name string
	shop *shop
	do   func(context.Context, int) error
	// before, which may be nil, makes ready for so many.
	before func(ctx context.Context, count int) error
}

// figure is what one subject did with so many at once.
type figure struct {
	AtOnce int `json:"at_once"`
	// Highest is the rate when more is asked for than can be served: the median of Rounds. It is
	// where the search for Sustained begins, and no target is measured by it.
	Highest float64   `json:"highest_per_s"`
	Rounds  []float64 `json:"rounds_per_s"`
	// Sustained is the highest share of it that was served as it came.
	Sustained outcome `json:"sustained"`
	// Same is at the same rate for all that are compared, half of what the slowest sustains: what
	// one of them takes when hardly anybody queues.
	Same outcome `json:"same_rate"`
	// CPU is milliseconds of processor time for each, by program, at the highest rate.
	CPU      map[string]float64 `json:"cpu_ms_each"`
	CPUTotal float64            `json:"cpu_ms_each_total"`
}

// pace is how long things are measured.
type pace struct {
	warm    time.Duration // before anything counts
	rounds  int           // of the highest rate
	round   time.Duration // each of them
	slice   time.Duration // at one rate, before it is the next subject's turn
	samples int           // that are wanted of a rate that was sustained
	most    time.Duration // that one subject spends on them
	same    time.Duration // the most at the rate that is the same for all; 0: that is not measured
	alike   int           // samples that are wanted of that
}

// hurried leaves out what no target asks for.
func (p pace) hurried() pace {
	p.same = 0
	return p
}

// shares of the highest rate that are tried, one after the other, until one is sustained. A burst of
// checkouts is taken far faster than what is sold can be shipped beside it.
var shares = []float64{0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05}

// compare measures subjects beside each other.
func (b *bench) compare(ctx context.Context, p pace, atOnce int, subjects []subject) (map[string]*figure, error) {
	c := newComparison(p, atOnce, subjects, func(s subject) (cpu, error) { return s.shop.used() })
	if err := c.measure(ctx); err != nil {
		return nil, fmt.Errorf("%d at once: %w", atOnce, err)
	}
	return c.figures, nil
}

// comparison puts the same loads on all subjects, in turns, so that whatever else the machine does
// meets all of them.
type comparison struct {
	pace     pace
	atOnce   int
	subjects []subject
	used     func(subject) (cpu, error)
	figures  map[string]*figure // by the names of the subjects
}

func newComparison(p pace, atOnce int, subjects []subject, used func(subject) (cpu, error)) *comparison {
	c := &comparison{pace: p, atOnce: atOnce, subjects: subjects, used: used, figures: map[string]*figure{}}
	for _, s := range subjects {
		c.figures[s.name] = &figure{AtOnce: atOnce, CPU: map[string]float64{}}
	}
	return c
}

func (c *comparison) measure(ctx context.Context) error {
	for _, step := range []func(context.Context) error{c.highest, c.sustained, c.same} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// highest finds what each does when more is asked for than it can serve, and what that costs.
func (c *comparison) highest(ctx context.Context) error {
	for round := range c.pace.rounds + 1 {
		for _, s := range c.subjects {
			f := c.figures[s.name]
			lasts := c.pace.round
			if round == 0 {
				lasts = c.pace.warm
			}
			count := int(lasts.Seconds() * 1000) // more than any of those can that need to be made ready
			if len(f.Rounds) > 0 {
				count = int(slices.Max(f.Rounds)*lasts.Seconds()*1.5) + 50
			}
			earlier, result, now, err := c.measured(ctx, s, count, load{atOnce: c.atOnce, lasts: lasts})
			if err != nil {
				return err
			}
			if round == 0 {
				continue
			}
			f.Rounds = append(f.Rounds, result.achieved())
			f.CPUTotal = 0
			for program, spent := range now.per(earlier, len(result.took)) {
				f.CPU[program] += (spent - f.CPU[program]) / float64(len(f.Rounds))
				f.CPUTotal += f.CPU[program]
			}
			if f.Highest = median(f.Rounds); f.Highest == 0 {
				return fmt.Errorf("%s served nothing", s.name)
			}
		}
	}
	return nil
}

// trial is how far a subject is with finding what it sustains.
type trial struct {
	share    int // of shares
	all      []served
	spent    time.Duration
	stumbled bool // it did not keep up the last time
}

// done reports whether there is nothing more to find out.
func (t *trial) done(p pace) bool {
	samples := 0
	for _, s := range t.all {
		samples += len(s.took)
	}
	return t.share == len(shares) || !t.stumbled && (samples >= p.samples || t.spent >= p.most)
}

// sustained finds for each the highest of the shares that it keeps up with until there are enough
// samples. One that it kept up with before has another try, for it may have been the machine's fault; after
// two in a row it is the next share's turn, and samples are counted anew.
func (c *comparison) sustained(ctx context.Context) error {
	trials := make([]trial, len(c.subjects))
	for unfinished := true; unfinished; {
		unfinished = false
		for i, s := range c.subjects {
			t, f := &trials[i], c.figures[s.name]
			if t.done(c.pace) {
				continue
			}
			unfinished = true
			rate := shares[t.share] * f.Highest
			result, err := c.at(ctx, s, rate)
			if err != nil {
				return err
			}
			kept := result.keptUp(rate)
			if !kept && (t.stumbled || len(t.all) == 0) {
				*t = trial{share: t.share + 1}
				continue
			}
			t.all = append(t.all, result)
			t.spent += result.lasted
			t.stumbled = !kept
		}
	}
	for i, s := range c.subjects {
		f, t := c.figures[s.name], trials[i]
		if t.share < len(shares) {
			f.Sustained = outcomeOf(shares[t.share]*f.Highest, t.all)
		}
	}
	return nil
}

// same measures all at one rate. Of what sustained nothing, half of the last share is taken.
func (c *comparison) same(ctx context.Context) error {
	var rates []float64
	for _, f := range c.figures {
		rates = append(rates, max(f.Sustained.Rate, shares[len(shares)-1]*f.Highest)/2)
	}
	rate := slices.Min(rates)
	all := make([][]served, len(c.subjects))
	for spent, samples := time.Duration(0), 0.0; spent < c.pace.same && samples < float64(c.pace.alike); spent += c.pace.slice {
		for i, s := range c.subjects {
			result, err := c.at(ctx, s, rate)
			if err != nil {
				return err
			}
			all[i] = append(all[i], result)
		}
		samples += rate * c.pace.slice.Seconds()
	}
	for i, s := range c.subjects {
		c.figures[s.name].Same = outcomeOf(rate, all[i])
	}
	return nil
}

// measured puts a load on a subject and tells the processor time that was used before and after.
func (c *comparison) measured(ctx context.Context, s subject, count int, l load) (earlier cpu, result served, now cpu, err error) {
	if s.before != nil {
		if err := s.before(ctx, count); err != nil {
			return nil, served{}, nil, err
		}
	}
	if earlier, err = c.used(s); err != nil {
		return nil, served{}, nil, err
	}
	if result, err = run(ctx, l, s.do); err != nil {
		return nil, served{}, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	now, err = c.used(s)
	return earlier, result, now, err
}

func (c *comparison) at(ctx context.Context, s subject, rate float64) (served, error) {
	l := load{rate: rate, atOnce: c.atOnce, lasts: c.pace.slice}
	_, result, _, err := c.measured(ctx, s, int(rate*l.lasts.Seconds())+10, l)
	return result, err
}

// ratio is how much one sustains of what the other does; 0 where it sustains nothing.
func ratio(own, base *figure) float64 {
	return quotient(own.Sustained.Rate, base.Sustained.Rate)
}

// quotient is 0 where there is nothing to divide by.
func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
