package model

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"mercado/internal/lake"
)

// Set is all models, in an order in which they can run.
type Set struct {
	models map[Table]*Model
	waves  map[lake.Zone][][]*Model
}

// Get returns the model of a table.
func (s *Set) Get(table Table) (*Model, error) {
	if model, exists := s.models[table]; exists {
		return model, nil
	}
	return nil, fmt.Errorf("there is no model %s", table)
}

// Waves cuts the models of a zone into groups: the models of a group read nothing of their own
// zone but what an earlier group makes.
func (s *Set) Waves(zone lake.Zone) [][]*Model { return s.waves[zone] }

// Zone lists the models of a zone, in the order of their waves.
func (s *Set) Zone(zone lake.Zone) []*Model { return slices.Concat(s.waves[zone]...) }

// Published lists the tables of zone gold that a model reads as published.T, by name.
func (s *Set) Published() []*Model {
	read := map[Table]bool{}
	for _, model := range s.models {
		for _, table := range model.Reads {
			if table.Zone == Published {
				read[Table{Zone: lake.Gold, Name: table.Name}] = true
			}
		}
	}
	var published []*Model
	for table := range read {
		if model, exists := s.models[table]; exists {
			published = append(published, model)
		}
	}
	slices.SortFunc(published, byName)
	return published
}

// ReadsPublished lists the tables of zone gold that a table of gold is made from as published.T, by
// name, directly or by way of other tables of gold.
func (s *Set) ReadsPublished(model *Model) []string {
	read := map[string]bool{}
	for _, table := range model.Reads {
		switch table.Zone {
		case Published:
			read[table.Name] = true
		case lake.Gold:
			for _, name := range s.ReadsPublished(s.models[table]) {
				read[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(read))
}

// Version is a digest of all models: two programs with the same one make the same of the same
// raw data.
func (s *Set) Version() string {
	var text []byte
	for _, model := range slices.SortedFunc(maps.Values(s.models), byName) {
		text = append(text, model.Digest...)
	}
	return lake.Digest(text)[:12]
}

func byName(a, b *Model) int {
	return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Name, b.Name))
}

// order fills in the waves. It fails when a model reads a table of its own zone that does not exist, a
// later zone, or itself by a detour.
func (s *Set) order() error {
	if err := s.typed(); err != nil {
		return err
	}
	s.waves = map[lake.Zone][][]*Model{}
	made := map[Table]bool{}
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		var left []*Model
		for _, model := range slices.SortedFunc(maps.Values(s.models), byName) {
			if model.Zone == zone {
				left = append(left, model)
			}
		}
		for len(left) > 0 {
			var wave, later []*Model
			for _, model := range left {
				if s.ready(model, made) {
					wave = append(wave, model)
				} else {
					later = append(later, model)
				}
			}
			if len(wave) == 0 {
				return fmt.Errorf("model %s reads a table that nothing makes before it", later[0])
			}
			for _, model := range wave {
				made[model.Table] = true
			}
			s.waves[zone] = append(s.waves[zone], wave)
			left = later
		}
	}
	return nil
}

// typed fails unless the columns have types of every table that is read as what stood before a run:
// before the first run nothing did.
func (s *Set) typed() error {
	for _, model := range s.Published() {
		if model.Subject != "" {
			continue
		}
		for _, column := range model.Columns {
			if column.Type == "" {
				return fmt.Errorf("the header of model %s must say the type of column %s: another reads what stood of it before the run", model, column.Name)
			}
		}
	}
	return nil
}

func (s *Set) ready(model *Model, made map[Table]bool) bool {
	for _, read := range model.Reads {
		switch read.Zone {
		case lake.Raw:
		case Published:
			gold := Table{Zone: lake.Gold, Name: read.Name}
			read, exists := s.models[gold]
			if !exists || read.Subject != "" && !made[gold] {
				return false
			}
		default:
			if !made[read] {
				return false
			}
		}
	}
	return true
}
