package warehouse

import "strings"

// Followed names what a run must not lose of a table of the shop once it has left zone clean.
type Followed struct{ Raw, Zone, Table, What string }

// EveryFollowed is what the flows say.
func EveryFollowed() map[Followed]bool {
	all := map[Followed]bool{}
	for _, flow := range flows {
		ranks := map[string]int{"clean": 0, "work": 1, "gold": 2}
		for _, at := range []struct {
			zone, table string
			column      func(flowSum) string
		}{
			{"work", flow.Work, func(s flowSum) string { return s.Work }},
			{"gold", flow.Gold, func(s flowSum) string { return s.Gold }},
		} {
			if at.table == "" {
				continue
			}
			if ranks[at.zone] > ranks[string(flow.Grain)] {
				all[Followed{flow.Raw, at.zone, at.table, allRows}] = true
			}
			for _, sum := range flow.Sums {
				for column := range strings.SplitSeq(at.column(sum), "-") {
					if column != "" {
						all[Followed{flow.Raw, at.zone, at.table, column}] = true
					}
				}
			}
		}
	}
	return all
}
