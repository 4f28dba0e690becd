package extract

import (
	"math"
	"slices"
	"testing"
)

func TestRangesOfBlocksHaveNoGap(t *testing.T) {
	t.Parallel()
	for size, want := range map[int64][]blocks{
		0:  {{0, math.MaxUint32}},
		8:  {{0, math.MaxUint32}},
		9:  {{0, 8}, {8, math.MaxUint32}},
		20: {{0, 8}, {8, 16}, {16, math.MaxUint32}},
	} {
		if got := cut(size, 8); !slices.Equal(got, want) {
			t.Errorf("%d blocks are cut into %v, want %v", size, got, want)
		}
	}
}
