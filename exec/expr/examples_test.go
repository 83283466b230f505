package expr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/tests/oracle"
)

// The example of each function is an expression; of an immutable function it gives what PostgreSQL gives.
func TestExamplesAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	for _, s := range funcs.All() {
		if s.Example == "" || s.Kind != funcs.Scalar || noExample[s.Name] {
			continue
		}
		e, err := planned(s.Example, time.UTC)
		if err != nil {
			t.Errorf("%s: %v", s.Example, err)
			continue
		}
		if s.Volatility != funcs.Immutable || clock(s.Example) {
			continue
		}
		got, want := evaluate(t, e, &types.Batch{Len: 1}, time.UTC)[0], judged(t, conn, s.Example)
		if got != want && !(e.Type == types.Float8 && sameFloat(got, want)) {
			t.Errorf("%s\n got %s\nwant %s", s.Example, got, want)
		}
	}
}

// clock reports whether an expression looks at the time.
func clock(x string) bool {
	return strings.Contains(x, "now()") || strings.Contains(x, "current_") || strings.Contains(x, "localtime")
}

// noExample are functions whose examples speak of columns of the catalog.
var noExample = map[string]bool{"pg_get_expr": true}
