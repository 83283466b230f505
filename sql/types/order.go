package types

// The order codec: the key codec for a column of ORDER BY or of an index. A byte stands in front: 0 of a NULL that comes first, 1
// of a value, 2 of a NULL that comes last; a descending value has its bytes complemented. As in the key codec equal values
// have equal bytes, and each says where it ends. It is a format, of indexes and of queries that keep rows in an order.
const (
	orderNullFirst = 0
	orderValue     = 1
	orderNullLast  = 2
)

// EncodeOrder appends the order codec's form of value i of v.
func EncodeOrder(dst []byte, v *Vector, i int, desc, nullsFirst bool) []byte {
	if v.IsNull(i) {
		return appendOrderNull(dst, nullsFirst)
	}
	dst = append(dst, orderValue)
	start := len(dst)
	return complementIf(desc, EncodeKeyValue(dst, v, i), start)
}

// EncodeOrderDatum is EncodeOrder for d, a value of type t.
func EncodeOrderDatum(dst []byte, t Type, d Datum, desc, nullsFirst bool) []byte {
	if d.Null {
		return appendOrderNull(dst, nullsFirst)
	}
	dst = append(dst, orderValue)
	start := len(dst)
	return complementIf(desc, EncodeKeyDatum(dst, t, d), start)
}

func appendOrderNull(dst []byte, first bool) []byte {
	if first {
		return append(dst, orderNullFirst)
	}
	return append(dst, orderNullLast)
}

func complementIf(desc bool, b []byte, start int) []byte {
	if desc {
		for i := start; i < len(b); i++ {
			b[i] = ^b[i]
		}
	}
	return b
}

// Bounds of the values that are not NULL in both codecs: their encodings lie in [From, To).
var (
	KeyValuesTo     = []byte{keyNull}
	OrderValuesFrom = []byte{orderValue}
	OrderValuesTo   = []byte{orderValue + 1}
)
