package expr_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// expressions are the lines of the file, and each operator over pairs of values at the edges.
func expressions(t testing.TB) (out []string) {
	data, err := os.ReadFile("testdata/expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return append(out, arithmetic()...)
}

// arithmetic is every operator on numbers over pairs of values of each type.
func arithmetic() (out []string) {
	values := map[string][]string{
		"smallint": {"0", "-7", "32767", "-32768"}, "integer": {"0", "3", "2147483647", "-2147483648"},
		"bigint": {"0", "-5", "9223372036854775807", "-9223372036854775808"}, "float8": {"0", "0.1", "-2.5", "1e300", "NaN", "-Infinity"},
		"numeric": {"0", "0.00", "1.10", "-2.505", "12345678901234567890123456789012345678901234567890", "1e-30", "NaN", "Infinity"},
	}
	var operands []string
	for t, texts := range values {
		for _, s := range texts {
			operands = append(operands, fmt.Sprintf("'%s'::%s", s, t))
		}
	}
	for _, op := range []string{"+", "-", "*", "/", "%", "=", "<", ">=", "<>"} {
		for _, a := range operands {
			for _, b := range operands {
				out = append(out, a+" "+op+" "+b)
			}
		}
	}
	return out
}

// judged is PostgreSQL's value of an expression as text, or its error.
func judged(t *testing.T, conn *pgx.Conn, expression string) string {
	t.Helper()
	result := conn.PgConn().ExecParams(context.Background(), "SELECT "+expression, nil, nil, nil, nil).Read()
	var e *pgconn.PgError
	if errors.As(result.Err, &e) {
		return "ERROR " + e.Code + " " + e.Message
	}
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	value := result.Rows[0][0]
	if value == nil {
		return "NULL"
	}
	return string(value)
}

func failure(err error) string {
	return "ERROR " + pgerr.Code(err) + " " + pgerr.From(err).Message
}

// planned is the bound expression.
func planned(expression string, loc *time.Location) (*plan.Expr, error) {
	parsed, err := parse.ParseOne("SELECT " + expression)
	if err != nil {
		return nil, err
	}
	q, err := planner.PlanQuery(parsed.Stmt.(*ast.SelectStmt).Query, &planner.Env{Catalog: catalog.Empty(), Location: loc})
	if err != nil {
		return nil, err
	}
	switch n := q.Root.(type) {
	case *plan.Values:
		return n.Rows[0][0], nil
	case *plan.Project:
		return n.Exprs[0], nil
	}
	return nil, fmt.Errorf("a plan of %T", q.Root)
}

// evaluate returns the value of e for each row of b as text, or the row's first error.
func evaluate(t *testing.T, e *plan.Expr, b *types.Batch, loc *time.Location) []string {
	t.Helper()
	compiled, err := expr.Compile(e)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, b.Len)
	c := &expr.Context{Location: loc, Now: time.Unix(1e9, 0), User: "postgres", Database: "d", Catalog: catalog.Empty()}
	c.OnError = func(row int, err error) error {
		if out[row] == "" {
			out[row] = failure(err)
		}
		return nil
	}
	v, err := compiled.Eval(c, b)
	if err != nil {
		t.Fatal(err)
	}
	if v.Len() != b.Len || v.Type.Class() != e.Type.Class() {
		t.Fatalf("%d values of type %v for %d rows of type %v", v.Len(), v.Type, b.Len, e.Type)
	}
	for i := range out {
		switch {
		case out[i] != "":
		case v.IsNull(i):
			out[i] = "NULL"
		default:
			out[i] = string(types.FormatText(nil, v.Type, v.Datum(i), types.Scope{Zone: loc}))
		}
	}
	return out
}

// asColumns replaces the constants of e by columns of a batch, in which each constant stands in the rows 0 and 2 and NULL
// between them.
func asColumns(e *plan.Expr, b *types.Batch) *plan.Expr {
	if e.Op == plan.OpConst {
		v := types.NewVector(e.Type, 3)
		v.Append(*e.Value)
		v.Append(types.NullDatum)
		v.Append(*e.Value)
		b.Cols = append(b.Cols, v)
		return plan.Column(len(b.Cols)-1, e.Type)
	}
	copied := *e
	copied.Args = nil
	for _, a := range e.Args {
		copied.Args = append(copied.Args, asColumns(a, b))
	}
	return &copied
}

// sameFloat reports whether two texts are floats that differ in the last digits only: functions like exp are not exact.
func sameFloat(a, b string) bool {
	x, errX := types.ParseText(types.Float8, a, types.Scope{})
	y, errY := types.ParseText(types.Float8, b, types.Scope{})
	if errX != nil || errY != nil {
		return false
	}
	difference := x.Float - y.Float
	return difference <= 1e-14*max(x.Float, -x.Float) && -difference <= 1e-14*max(x.Float, -x.Float)
}

// Each expression has PostgreSQL's value or error, over constants; and over columns the same in each row.
func TestExpressionsAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	for _, zone := range []string{"UTC", "America/New_York"} {
		loc, err := types.LoadZone(zone)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(context.Background(), "SET TimeZone = '"+zone+"'"); err != nil {
			t.Fatal(err)
		}
		for _, x := range expressions(t) {
			if zone != "UTC" && !strings.Contains(x, "20") {
				continue
			}
			want := judged(t, conn, x)
			e, err := planned(x, loc)
			if err != nil {
				if got := failure(err); got != want {
					t.Errorf("%s: %s\n got %s\nwant %s", zone, x, got, want)
				}
				continue
			}
			got := evaluate(t, e, &types.Batch{Len: 1}, loc)[0]
			if got != want && !(e.Type == types.Float8 && sameFloat(got, want)) {
				t.Errorf("%s: %s\n got %s\nwant %s", zone, x, got, want)
			}
			columns := &types.Batch{Len: 3}
			rows := evaluate(t, asColumns(e, columns), columns, loc)
			if rows[0] != got || rows[2] != got {
				t.Errorf("%s: %s: over columns %q, over constants %q", zone, x, rows, got)
			}
		}
	}
}
