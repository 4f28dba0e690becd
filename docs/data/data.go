// Package data embeds the catalogue of the lake and the warehouse, which the pages beside this file
// show: `mercado lake docs` writes both from the models.
package data

import _ "embed"

// Catalogue is a catalogue.Catalogue as JSON.
//
//go:embed catalogue.json
var Catalogue []byte
