package exec

import (
	"fmt"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// systemDatum returns what the log says of a record of partition.
func systemDatum(column string, partition uint32, rec *log.Record) types.Datum {
	switch column {
	case catalog.PartitionColumn:
		return types.IntDatum(int64(partition))
	case catalog.OffsetColumn:
		return types.IntDatum(int64(rec.Offset))
	case catalog.TimestampColumn:
		return types.IntDatum(timestamptzOfMillis(rec.TimestampMillis))
	case catalog.KeyColumn:
		return rawText(rec.Key)
	case catalog.HeadersColumn:
		return headersJSON(rec.Headers)
	case plan.DeletedColumn:
		return types.BoolDatum(rec.Value == nil)
	}
	panic(fmt.Sprintf("BUG: no system column %q", column))
}

// headersJSON writes headers as a JSON array of objects, in their order; NULL if there are none.
func headersJSON(hs []log.Header) types.Datum {
	if len(hs) == 0 {
		return types.NullDatum
	}
	out := []byte{'['}
	for i, h := range hs {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, `{"key": `...)
		out = appendJSONString(out, h.Key)
		out = append(out, `, "value": `...)
		if v := rawText(h.Value); v.Null {
			out = append(out, "null"...)
		} else {
			out = appendJSONString(out, v.Str)
		}
		out = append(out, '}')
	}
	return types.StrDatum(string(append(out, ']')))
}
