package pgcopy

import (
	"math/big"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"
)

const limit = 999_999_999_999_999_999

func TestNumericIsReadAndWrittenAsPostgresDoes(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.Int64Range(-limit, limit).Draw(t, "units")
		scale := rapid.IntRange(0, 9).Draw(t, "scale")
		want := pgtype.Numeric{Int: big.NewInt(units), Exp: int32(-scale), Valid: true}

		encoded, err := types.Encode(pgtype.NumericOID, pgtype.BinaryFormatCode, want, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeNumeric(encoded, scale); err != nil || got != units {
			t.Fatalf("decoded %d, %v", got, err)
		}
		var got pgtype.Numeric
		if err := types.Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, appendNumeric(nil, units, scale), &got); err != nil {
			t.Fatal(err)
		}
		if a, b := rational(got), rational(want); a.Cmp(b) != 0 {
			t.Fatalf("encoded %s, want %s", a, b)
		}
	})
}

func rational(n pgtype.Numeric) *big.Rat {
	value := new(big.Rat).SetInt(n.Int)
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n.Exp, -n.Exp))), nil))
	if n.Exp < 0 {
		return value.Quo(value, power)
	}
	return value.Mul(value, power)
}

func TestNumericThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	for name, value := range map[string]pgtype.Numeric{
		"a fraction of a cent": {Int: big.NewInt(1005), Exp: -3, Valid: true},
		"more than 64 bits":    {Int: big.NewInt(1), Exp: 18, Valid: true},
		"NaN":                  {NaN: true, Valid: true},
		"infinity":             {InfinityModifier: pgtype.Infinity, Valid: true},
	} {
		encoded, err := types.Encode(pgtype.NumericOID, pgtype.BinaryFormatCode, value, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeNumeric(encoded, 2); err == nil {
			t.Errorf("%s was read as %d", name, got)
		}
	}
}
