package oracle

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

const (
	// floatTolerance is how far two values of a float column may be apart, relative to the larger: sums of floats
	// depend on the order of their terms, which no query fixes.
	floatTolerance = 1e-9
	// diffRows bounds how many rows of each kind a message shows.
	diffRows = 10
)

// Compare runs a query on both sides and fails the test, without ending it, if got does not answer what want
// answers: the same columns by name and type, and the same multiset of rows in text, floats within rounding. It
// returns whether they agree.
func Compare(t testing.TB, name string, want, got *Client, query string) bool {
	t.Helper()
	expected := want.Query(t, query)
	actual, err := got.TryQuery(query)
	if err != nil {
		t.Errorf("%s: %s fails: %v\nin: %s", name, got.Label, err, query)
		return false
	}
	if difference := Diff(expected, actual); difference != "" {
		t.Errorf("%s: %s (+) differs from %s (-)\nin: %s\n%s", name, got.Label, want.Label, query, difference)
		return false
	}
	return true
}

// Diff describes in a few lines how got differs from want: "" if it does not. Order does not count.
func Diff(want, got *Result) string {
	if !SameColumns(want, got) {
		return fmt.Sprintf("- columns %v\n+ columns %v", want.Columns, got.Columns)
	}
	missing, surplus := diffMultisets(want, got)
	if len(missing)+len(surplus) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows expected, %d found; %d missing (-), %d too many (+)", len(want.Rows), len(got.Rows), len(missing), len(surplus))
	writeRows(&b, "-", missing)
	writeRows(&b, "+", surplus)
	return b.String()
}

func writeRows(b *strings.Builder, sign string, rows []Row) {
	for i, row := range rows {
		if i == diffRows {
			fmt.Fprintf(b, "\n%s … and %d more", sign, len(rows)-i)
			return
		}
		fmt.Fprintf(b, "\n%s %v", sign, row)
	}
}

// diffMultisets returns the rows of want that got lacks, and those of got that want lacks. Rows can only match if
// they agree in all that is not a float, so each is sought among those alone.
func diffMultisets(want, got *Result) (missing, surplus []Row) {
	floats := floatColumns(want.Columns)
	candidates := make(map[string][]int) // of got.Rows, by what must agree exactly
	for i, row := range got.Rows {
		key := exactKey(row, floats)
		candidates[key] = append(candidates[key], i)
	}
	matched := make([]bool, len(got.Rows))
	for _, row := range want.Rows {
		key := exactKey(row, floats)
		at := slices.IndexFunc(candidates[key], func(i int) bool { return floatsMatch(row, got.Rows[i], floats) })
		if at < 0 {
			missing = append(missing, row)
			continue
		}
		matched[candidates[key][at]] = true
		candidates[key] = slices.Delete(candidates[key], at, at+1)
	}
	for i, row := range got.Rows {
		if !matched[i] {
			surplus = append(surplus, row)
		}
	}
	return missing, surplus
}

// floatColumns says of each column whether its values are floats.
func floatColumns(columns []Column) []bool {
	floats := make([]bool, len(columns))
	for i, c := range columns {
		floats[i] = c.Type == pgtype.Float8OID || c.Type == pgtype.Float4OID
	}
	return floats
}

// exactKey is equal for two rows exactly if they agree in all columns but the floats, and in which floats are NULL.
func exactKey(row Row, floats []bool) string {
	var b strings.Builder
	for i, v := range row {
		switch {
		case v.Null:
			b.WriteString("N")
		case floats[i]:
			b.WriteString("F")
		default:
			fmt.Fprintf(&b, "%d:%s", len(v.Text), v.Text)
		}
	}
	return b.String()
}

func floatsMatch(a, b Row, floats []bool) bool {
	for i := range a {
		if floats[i] && !a[i].Null && !floatsEqual(a[i].Text, b[i].Text) {
			return false
		}
	}
	return true
}

// floatsEqual says whether two floats in text are equal within floatTolerance. NaN and the infinities equal only
// themselves.
func floatsEqual(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return false
	}
	return math.Abs(x-y) <= floatTolerance*max(math.Abs(x), math.Abs(y))
}
