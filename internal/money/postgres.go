package money

import (
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5/pgtype"
)

// ScanNumeric implements pgtype.NumericScanner. NULL and fractions of a cent are errors.
func (a *Amount) ScanNumeric(n pgtype.Numeric) error {
	if !n.Valid || n.NaN || n.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("scan amount: %v is not a number", n)
	}
	units := new(big.Int).Set(n.Int)
	ten := big.NewInt(10)
	for exp := n.Exp + 2; exp != 0; {
		if exp > 0 {
			units.Mul(units, ten)
			exp--
			continue
		}
		var rest big.Int
		units.QuoRem(units, ten, &rest)
		if rest.Sign() != 0 {
			return fmt.Errorf("scan amount: %se%d has fractions of a cent", n.Int, n.Exp)
		}
		exp++
	}
	if !units.IsInt64() {
		return ErrOutOfRange
	}
	*a = Amount(units.Int64())
	return nil
}

// NumericValue implements pgtype.NumericValuer.
func (a Amount) NumericValue() (pgtype.Numeric, error) {
	return pgtype.Numeric{Int: big.NewInt(int64(a)), Exp: -2, Valid: true}, nil
}
