// Package web holds Mercado's pages and what they need from other people, so that they work
// without internet.
package web

import (
	"embed"
	"io/fs"
)

//go:embed static
var embedded embed.FS

// Static is what is served under /static: our own scripts and pages, and under vendor those of
// others as they were published, each with its licence.
var Static = mustSub(embedded, "static")

func mustSub(files fs.FS, folder string) fs.FS {
	sub, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
