package productfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads a file, or what is left of it from a position.
func readAll(r *Reader) (skus []string, wrong []string) {
	for {
		row, problems, err := r.Next()
		if errors.Is(err, io.EOF) {
			return skus, wrong
		}
		if len(problems) == 0 {
			skus = append(skus, fmt.Sprintf("%d:%s", row.Line, *row.SKU))
		}
		for _, problem := range problems {
			wrong = append(wrong, fmt.Sprintf("%d:%s", problem.Line, problem.Field))
		}
	}
}

func TestABadLineSpoilsNoOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body        string
		good, wrong []string
	}{
		"plain":               {"A,One\nB,Two\n", []string{"2:A", "3:B"}, nil},
		"no last line break":  {"A,One", []string{"2:A"}, nil},
		"CRLF, empty lines":   {"A,One\r\n\r\n \nB,Two\r\n", []string{"2:A", "5:B"}, nil},
		"quotes":              {"\"A\",\"a \"\"b\"\", c\"\nB,\"two\nlines\"\nC,x\n", []string{"2:A", "3:B", "5:C"}, nil},
		"quote not closed":    {"A,\"One\nB,Two\nC,Three\n", []string{"3:B", "4:C"}, []string{"2:"}},
		"quote in the middle": {"A,4\" tube\"\nB,Two\n", []string{"3:B"}, []string{"2:"}},
		"after a quote":       {"\"A\"x,One\nB,Two\n", []string{"3:B"}, []string{"2:"}},
		"too few, too many":   {"A\nB,Two,2\nC,x\n", []string{"4:C"}, []string{"2:", "3:"}},
		"not UTF-8":           {"A,\xff\nB,Two\n", []string{"3:B"}, []string{"2:"}},
		"U+0000":              {"A,\x00\nB,Two\n", []string{"3:B"}, []string{"2:"}},
		"no SKU":              {",One\nB,Two\n", []string{"3:B"}, []string{"2:sku"}},
		"too long":            {"A," + strings.Repeat("x", 301) + "\nB,Two\n", []string{"3:B"}, []string{"2:item_name"}},
		"a line without end":  {"A," + strings.Repeat("x", maxRecord-2) + "\n", nil, []string{"2:", "2:"}},
	} {
		for _, read := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			r, err := NewReader(read(strings.NewReader("\ufeffSKU,item_name\n" + c.body)))
			if err != nil {
				t.Fatal(err)
			}
			if good, wrong := readAll(r); !slices.Equal(good, c.good) || (name != "a line without end" && !slices.Equal(wrong, c.wrong)) || (len(c.wrong) > 0 && len(wrong) == 0) {
				t.Errorf("%s: good %q, wrong %q; want %q and %q", name, good, wrong, c.good, c.wrong)
			}
		}
	}
}

func TestHeaderIsChecked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n\n", "item_name\n", "sku,sku\n", "sku,colour\n", "sku,\"x\n", "sku,\xff\n"} {
		if _, err := NewReader(strings.NewReader(text)); !errors.Is(err, ErrHeader) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzReader reads any file to its end; and from the middle of it, the rest is what it was.
func FuzzReader(f *testing.F) {
	f.Add("sku,item_name\nA,\"x\ny\"\r\nB,z\n", uint8(1))
	f.Add("\ufeffsku,price,attributes\nA,1.00,\"{\"\"a\"\":1}\"\n\"B", uint8(0))
	f.Fuzz(func(t *testing.T, text string, stop uint8) {
		whole, err := NewReader(strings.NewReader(text))
		if err != nil {
			return
		}
		parts, _ := NewReader(strings.NewReader(text))
		good, wrong := readAll(whole)
		var first, firstWrong []string
		for range stop {
			row, problems, err := parts.Next()
			if err != nil {
				break
			}
			if len(problems) == 0 {
				first = append(first, fmt.Sprintf("%d:%s", row.Line, *row.SKU))
			}
			for _, problem := range problems {
				firstWrong = append(firstWrong, fmt.Sprintf("%d:%s", problem.Line, problem.Field))
			}
		}
		offset, line := parts.Position()
		rest, restWrong := readAll(parts.Header().Resume(strings.NewReader(text[offset:]), offset, line))
		if !slices.Equal(append(first, rest...), good) || !slices.Equal(append(firstWrong, restWrong...), wrong) {
			t.Errorf("resumed at %d: %q %q, then %q %q; at once %q %q", offset, first, firstWrong, rest, restWrong, good, wrong)
		}
		if end, _ := whole.Position(); end != int64(len(text)) {
			t.Errorf("ended at %d of %d", end, len(text))
		}
	})
}
