package etl

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// Found is a place that still has something of the customer.
type Found struct {
	Place string `json:"place"` // an object, or a column of a table
	What  string `json:"what"`  // e-mail, name, phone, or row: one that says who the customer is
	Rows  int64  `json:"rows"`
}

// Search is what was found when everything had been erased.
type Search struct {
	Remains []Found  `json:"remains"` // what should not be there
	Alike   []Found  `json:"alike"`   // what others have, or may have, as well: somebody has to look
	Unread  []string `json:"unread"`  // objects that cannot be looked into
	Places  int      `json:"places"`  // that were looked at, or tried to be
}

// SearchErased looks for the customer in every column of text of the shop's and the warehouse's databases and in every
// part of the tables that say who somebody is.
func (a *Activities) SearchErased(ctx context.Context, request ErasureRequest) (*Search, error) {
	say, stop := beat(ctx)
	defer stop()
	identity, err := a.Shop.LookedFor(ctx, request.CustomerID)
	if err != nil {
		return nil, err
	}
	search := &searching{Activities: a, request: request, what: texts(identity), shared: identity != nil && identity.Shared, found: &Search{Remains: []Found{}, Alike: []Found{}, Unread: []string{}}}
	if err := search.databases(ctx); err != nil {
		return nil, err
	}
	persons, err := a.persons()
	if err != nil {
		return nil, err
	}
	for _, person := range persons {
		if err := search.table(ctx, person, say); err != nil {
			return nil, classify(a.advise(err))
		}
	}
	return search.found, nil
}

type searching struct {
	*Activities
	request ErasureRequest
	what    map[model.Wanted]string // what a text is
	shared  bool                    // the e-mail address is somebody else's as well
	found   *Search
}

// leastTelling is the fewest characters that a name or a number has that is looked for.
const leastTelling = 5

func texts(identity *store.Identity) map[model.Wanted]string {
	what := map[model.Wanted]string{}
	if identity == nil {
		return what
	}
	for text, is := range map[string]string{identity.Phone: "phone", identity.Name: "name", identity.Email: "e-mail"} {
		if text = strings.TrimSpace(text); len(text) < leastTelling {
			continue
		}
		wanted := model.WantedText(text)
		if is == "e-mail" {
			wanted = model.WantedAddress(text)
		}
		what[wanted] = is
	}
	return what
}

// add notes what was found. An e-mail address is one customer's, unless the person has registered again; a name or a
// number need not be.
func (s *searching) add(place, what string, rows int64) {
	found := Found{Place: place, What: what, Rows: rows}
	if what == "name" || what == "phone" || what == "e-mail" && s.shared {
		s.found.Alike = append(s.found.Alike, found)
		return
	}
	s.found.Remains = append(s.found.Remains, found)
}

func (s *searching) databases(ctx context.Context) error {
	databases := []struct {
		name string
		db   shopdb.DBTX
	}{{"shop", s.Shop.Pool}, {"warehouse", s.Warehouse.Pool}}
	wanted := shopdb.FindTextParams{Wanted: []string{}, Patterns: []string{}}
	for it := range s.what {
		wanted.Wanted, wanted.Patterns = append(wanted.Wanted, it.Text), append(wanted.Patterns, it.Pattern)
	}
	for _, database := range databases {
		rows, err := shopdb.New(database.db).FindText(ctx, wanted)
		if err != nil {
			return fmt.Errorf("search the database of the %s: %w", database.name, err)
		}
		for _, row := range rows {
			s.add(database.name+" "+row.Place, s.what[model.Wanted{Text: row.Wanted, Pattern: row.Pattern}], row.RowsFound)
		}
		s.found.Places++
	}
	return nil
}

func (s *searching) table(ctx context.Context, person personTable, say func(string)) error {
	table := ErasureTable{Zone: person.table.Zone, Table: person.table.Name}
	erasing, err := s.erasing(ctx, s.request, table)
	if err != nil {
		return err
	}
	keys, err := s.Store.Keys(ctx, table.Zone, lake.Folder(table.Table))
	if err != nil {
		return err
	}
	return s.inScratch("search-", func(folder string) error {
		for _, key := range keys {
			if !strings.HasSuffix(key, ".parquet") {
				continue
			}
			s.found.Places++
			say(fmt.Sprintf("%d places searched", s.found.Places))
			path := filepath.Join(folder, "in.parquet")
			if _, err := s.Store.Fetch(ctx, table.Zone, key, path); err != nil {
				return err
			}
			rows, found, err := s.Engine.Remains(ctx, person.part(s.request.CustomerID, erasing.shop, path, ""), slices.Collect(maps.Keys(s.what)))
			place := s.Store.Bucket(table.Zone) + "/" + key
			if is[*model.UnusablePart](err) {
				s.found.Unread = append(s.found.Unread, unusable(place))
				continue
			}
			if err != nil {
				return fmt.Errorf("search object %s: %w", place, err)
			}
			if rows > 0 {
				s.add(place, "row", rows)
			}
			for wanted, count := range found {
				s.add(place, s.what[wanted], count)
			}
		}
		return nil
	})
}
