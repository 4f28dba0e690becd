package pgcopy_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake/pgcopy"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// every has a column of each type, and rows with nulls, extremes, zeros and empty strings: what
// is null, zero and empty must stay three different things.
const every = `
create temporary table every (
    id bigint, small smallint, middle integer, price numeric(18, 2), rate numeric(7, 4),
    weight numeric(10, 3), whole numeric(18, 0), yes boolean, day date, at timestamptz,
    key uuid, name text, short varchar(10), country char(2), data jsonb, plain json
);
insert into every
select
    g, g % 7 - 3, -g, (g - 50) * 1.01, g * 0.0001, g * 0.125, g * 99999999999, g % 2 = 0,
    date '1960-02-29' + g::integer * 11, timestamptz '1969-12-31 23:59:59.999999+00' + g * interval '1 day 1.000001 s',
    gen_random_uuid(), repeat('é', g::integer % 50), '', 'PT', jsonb_build_object('g', g), '{"a": 1}'
from generate_series(1, 3000) as g;
insert into every (id) select null from generate_series(1, 3);
insert into every values (
    9223372036854775807, -32768, 2147483647, 9999999999999999.99, 999.9999, 0.001, -999999999999999999,
    false, '0001-01-01', '2999-12-31 23:59:59.999999+00', '00000000-0000-0000-0000-000000000000', '', '',
    'ZZ', 'null', 'null'
), (
    -9223372036854775808, 0, 0, -9999999999999999.99, 0, 0, 0,
    true, '2000-01-01', '2000-01-01 00:00:00+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'x', 'y',
    'AA', '[]', '[]'
);
create temporary table again (like every);`

func TestRowsSurviveTheWayThroughParquet(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, stacktest.New(t).Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(ctx) }()
	if _, err := connection.Exec(ctx, every); err != nil {
		t.Fatal(err)
	}
	statement, err := connection.Prepare(ctx, "every", "select * from every")
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgcopy.Columns(statement.Fields)
	if err != nil {
		t.Fatal(err)
	}

	var file bytes.Buffer
	decoder := pgcopy.NewDecoder(&file, "every", columns, nil)
	if _, err := connection.PgConn().CopyTo(ctx, decoder, "copy every to stdout (format binary)"); err != nil {
		t.Fatal(err)
	}
	if err := decoder.Close(); err != nil {
		t.Fatal(err)
	}
	var stream bytes.Buffer
	encoder := pgcopy.NewEncoder(&stream, columns)
	if err := encoder.File(bytes.NewReader(file.Bytes()), int64(file.Len())); err != nil {
		t.Fatal(err)
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.PgConn().CopyFrom(ctx, &stream, "copy again from stdin (format binary)"); err != nil {
		t.Fatal(err)
	}

	var rows, differing, price, rate int64
	const compare = `
		select
			(select count(*) from again),
			(select count(*) from (
				(select every::text from every except all select again::text from again)
				union all (select again::text from again except all select every::text from every)) as d),
			(select (sum(price) * 100)::bigint from every), (select (sum(rate) * 10000)::bigint from every)`
	if err := connection.QueryRow(ctx, compare).Scan(&rows, &differing, &price, &rate); err != nil {
		t.Fatal(err)
	}
	if rows != 3005 || differing != 0 || decoder.Rows() != rows || encoder.Rows() != rows {
		t.Errorf("%d rows came back, %d differ; %d decoded, %d encoded", rows, differing, decoder.Rows(), encoder.Rows())
	}
	if sums := decoder.Sums(); sums["price"] != price || sums["rate"] != rate {
		t.Errorf("sums %v, want price %d and rate %d", sums, price, rate)
	}
}

func TestStreamMayBeCutAnywhere(t *testing.T) {
	t.Parallel()
	columns := []pgcopy.Column{{Name: "id", Kind: pgcopy.Int64, Type: "bigint"}, {Name: "name", Kind: pgcopy.Text, Type: "text"}}
	stream := []byte("PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x02\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x03abc" +
		"\x00\x02\xff\xff\xff\xff\x00\x00\x00\x00" +
		"\xff\xff")
	var whole []byte
	for size := 1; size <= len(stream); size++ {
		var file bytes.Buffer
		decoder := pgcopy.NewDecoder(&file, "t", columns, nil)
		for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if _, err := decoder.Write(rest[:min(size, len(rest))]); err != nil {
				t.Fatalf("pieces of %d: %v", size, err)
			}
		}
		if err := decoder.Close(); err != nil {
			t.Fatalf("pieces of %d: %v", size, err)
		}
		if decoder.Rows() != 2 || decoder.Sums()["id"] != 7 {
			t.Fatalf("pieces of %d: %d rows, sums %v", size, decoder.Rows(), decoder.Sums())
		}
		if whole == nil {
			whole = file.Bytes()
		} else if !bytes.Equal(whole, file.Bytes()) {
			t.Fatalf("pieces of %d give another file", size)
		}
	}
	for size := range len(stream) - 1 {
		decoder := pgcopy.NewDecoder(&bytes.Buffer{}, "t", columns, nil)
		_, _ = decoder.Write(stream[:size])
		if err := decoder.Close(); err == nil {
			t.Errorf("a stream that ends after %d bytes passed for whole", size)
		}
	}
}
