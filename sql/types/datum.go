package types

import "github.com/cockroachdb/apd/v3"

// The values of timestamptz and date that stand for infinity, as PostgreSQL stores them.
const (
	TimestampInfinity    = int64(1<<63 - 1)
	TimestampNegInfinity = int64(-1 << 63)
	DateInfinity         = int64(1<<31 - 1)
	DateNegInfinity      = int64(-1 << 31)
)

// BoolDatum returns a boolean.
func BoolDatum(b bool) Datum {
	if b {
		return Datum{Int: 1}
	}
	return Datum{}
}

// IntDatum returns a value of ClassInt.
func IntDatum(i int64) Datum { return Datum{Int: i} }

// FloatDatum returns a double precision.
func FloatDatum(f float64) Datum { return Datum{Float: f} }

// StrDatum returns a value of ClassString.
func StrDatum(s string) Datum { return Datum{Str: s} }

// DecDatum returns a numeric; it keeps d.
func DecDatum(d *apd.Decimal) Datum { return Datum{Dec: d} }
