package api

import (
	"encoding/base64"
	"encoding/json"
)

// Page is the part of a list's input that says which page of it.
type Page struct {
	Limit  int32  `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Most items of one page."`
	Cursor string `query:"cursor" maxLength:"4096" doc:"next_cursor of the page before; opaque."`
}

// fetch is how many rows to ask the store for: one more than the page tells whether it is the last.
func (p Page) fetch() int32 { return p.Limit + 1 }

// List is one page of a list.
type List[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor" doc:"Asks for the next page; null on the last."`
}

// paged makes a page of rows that were read with fetch; key gives what the next page starts after.
func paged[Row, T any](p Page, rows []Row, show func(Row) T, key func(Row) any) List[T] {
	var list List[T]
	if limit := int(p.Limit); len(rows) > limit {
		rows = rows[:limit]
		cursor := encodeCursor(key(rows[limit-1]))
		list.NextCursor = &cursor
	}
	list.Items = make([]T, len(rows))
	for i, row := range rows {
		list.Items[i] = show(row)
	}
	return list
}

// after decodes the page's cursor into key, which stays as it is on the first page.
func (p Page) after(key any) error {
	if p.Cursor == "" {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err == nil {
		err = unmarshal(text, key) // no text of a key of ours holds U+0000
	}
	if err != nil {
		return problem(invalidCursor)
	}
	return nil
}

func encodeCursor(key any) string {
	text, err := json.Marshal(key)
	if err != nil {
		panic(err) // keys are numbers, texts and times
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
