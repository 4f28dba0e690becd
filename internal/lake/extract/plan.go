package extract

import (
	"context"
	"fmt"
	"math"

	"mercado/internal/lake"
	"mercado/internal/store/shopdb"
)

// blocksPerRange of 8 KiB each are 64 MiB.
const blocksPerRange = 8192

// blocks are the rows of a table from block First up to block Beyond.
type blocks struct{ First, Beyond uint32 }

// allBlocks are those of a table of any size.
var allBlocks = blocks{0, math.MaxUint32}

// tid is the place of the first row of a block, as Postgres writes it.
func tid(block uint32) string { return fmt.Sprintf("(%d,0)", block) }

// task is one COPY of a table, or one count of what its COPYs must give together.
type task struct {
	source *Source
	lake.Partition
	blocks
	number int  // of the part within the table
	count  bool // only counts
}

func (t *task) String() string {
	if t.count {
		return fmt.Sprintf("count %s of %s", t.source.Table, t.Name)
	}
	return fmt.Sprintf("extract %s of %s", t.source.Table, t.Name)
}

// plan cuts every table into its COPYs and its counts. A count spans more than one COPY wherever
// there are several, so that a gap between two of them is noticed.
func (c *copying) plan(ctx context.Context, queries *shopdb.Queries, blocksPerRange uint32) error {
	whole := lake.Partition{Name: c.snapshot.Interval.Last().String(), Span: c.snapshot.Interval}
	for i := range c.sources {
		source := &c.sources[i]
		if source.Subject != "" {
			c.planFacts(source)
			continue
		}
		ranges := []blocks{allBlocks}
		if source.Split != "" {
			size, err := queries.TableBlocks(ctx, source.Split)
			if err != nil {
				return fmt.Errorf("size of %s: %w", source.Split, err)
			}
			ranges = cut(size, blocksPerRange)
		}
		c.tasks = append(c.tasks, task{source: source, Partition: whole, blocks: allBlocks, count: true})
		for number, part := range ranges {
			c.tasks = append(c.tasks, task{source: source, Partition: whole, blocks: part, number: number})
		}
	}
	return nil
}

func (c *copying) planFacts(source *Source) {
	spans := c.snapshot.Days[source.Subject]
	var runs []lake.Partition // unbroken rows of days
	for _, span := range spans {
		runs = append(runs, lake.Partition{Name: span.From.String(), Span: span})
	}
	parts := lake.Partitions(c.snapshot.Interval, spans)
	if source.PerSpan {
		parts = runs
	}
	for _, run := range runs {
		c.tasks = append(c.tasks, task{source: source, Partition: run, blocks: allBlocks, count: true})
	}
	for number, part := range parts {
		c.tasks = append(c.tasks, task{source: source, Partition: part, blocks: allBlocks, number: number})
	}
}

// cut cuts a table of so many blocks into ranges. The last one is open: the table may have grown.
//
//	20 blocks, 8 a range:  [0, 8) [8, 16) [16, ∞)
func cut(size int64, perRange uint32) []blocks {
	ranges := []blocks{allBlocks}
	for first := int64(perRange); first < size; first += int64(perRange) {
		last := &ranges[len(ranges)-1]
		last.Beyond = uint32(first)
		ranges = append(ranges, blocks{uint32(first), math.MaxUint32})
	}
	return ranges
}
