package pgcopy

import (
	"encoding/binary"
	"errors"
	"math"
)

// maxPrecision is the number of decimal digits that any int64 can hold.
const maxPrecision = 18

const numericNegative = 0x4000

var errNumeric = errors.New("numeric does not fit 18 digits of its scale")

var pow10 = [...]int64{1, 10, 100, 1000, 10000}

// decodeNumeric reads Postgres' binary numeric as whole units of its last digit: 12.5 with a
// scale of 2 is 1250. The value is a list of base-10000 digits of which the first counts
// 10000^weight:
//
//	12345.67  digits 1, 2345, 6700  weight 1
//	 0.05     digits 500            weight -1
func decodeNumeric(data []byte, scale int) (int64, error) {
	if len(data) < 8 {
		return 0, errNumeric
	}
	digits := int(binary.BigEndian.Uint16(data))
	weight := int(int16(binary.BigEndian.Uint16(data[2:])))
	sign := binary.BigEndian.Uint16(data[4:])
	if len(data) != 8+2*digits || sign != 0 && sign != numericNegative {
		return 0, errNumeric // NaN and infinity have signs of their own
	}
	var units int64
	// exponent is the power of ten of the digit at hand, counted in last digits of the scale.
	exponent := weight*4 + scale
	for i := range digits {
		digit := int64(binary.BigEndian.Uint16(data[8+2*i:]))
		switch {
		case exponent >= 0:
			for rest := exponent; rest > 0 && digit != 0; rest-- {
				if digit > math.MaxInt64/10 {
					return 0, errNumeric
				}
				digit *= 10
			}
		case exponent > -4 && digit%pow10[-exponent] == 0:
			digit /= pow10[-exponent]
		case digit != 0:
			return 0, errNumeric
		}
		if units > math.MaxInt64-digit {
			return 0, errNumeric
		}
		units += digit
		exponent -= 4
	}
	if sign == numericNegative {
		units = -units
	}
	return units, nil
}

// appendNumeric appends units of a scale as Postgres' binary numeric, without its length.
func appendNumeric(out []byte, units int64, scale int) []byte {
	var sign uint16
	magnitude := uint64(units)
	if units < 0 {
		sign, magnitude = numericNegative, -magnitude
	}
	// Pad the fraction to whole base-10000 digits.
	fractionDigits := (scale + 3) / 4
	var digits [8]uint16 // least first
	count := 0
	if padding := fractionDigits*4 - scale; padding > 0 {
		low := magnitude % uint64(pow10[4-padding])
		digits[0] = uint16(low * uint64(pow10[padding]))
		magnitude /= uint64(pow10[4-padding])
		count = 1
	}
	for ; magnitude > 0; magnitude /= 10000 {
		digits[count] = uint16(magnitude % 10000)
		count++
	}
	low := 0
	for count > low && digits[count-1] == 0 {
		count--
	}
	for low < count && digits[low] == 0 {
		low++
	}
	out = binary.BigEndian.AppendUint16(out, uint16(count-low))
	out = binary.BigEndian.AppendUint16(out, uint16(int16(count-fractionDigits-1)))
	out = binary.BigEndian.AppendUint16(out, sign)
	out = binary.BigEndian.AppendUint16(out, uint16(scale))
	for i := count - 1; i >= low; i-- {
		out = binary.BigEndian.AppendUint16(out, digits[i])
	}
	return out
}
