package sql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

// arrayRow is a row of arrays as pgx sees it. Elements are pointers where there may be NULLs.
type arrayRow struct {
	id    int
	ints  []int32
	big   []*int64
	texts []string
	flags []bool
	reals []float64
	times []time.Time
}

// TestArraysOfDrivers shows that arrays go to the server and come back as parameters and results in binary and in text, and by COPY in
// binary, text and CSV, as with PostgreSQL.
func TestArraysOfDrivers(t *testing.T) {
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: oracle.StartMillrace(t, oracle.Options{}).Client}
	nine := int64(9)
	rows := []arrayRow{
		{1, []int32{1, -2, 1 << 30}, []*int64{&nine, nil}, []string{"", "a,b", `"q" \ {}`, "NULL", "ü\n"}, []bool{true, false}, []float64{0.1, -1e300},
			[]time.Time{time.Date(2024, 2, 29, 12, 0, 0, 123000, time.UTC)}},
		{2, []int32{}, []*int64{}, []string{}, []bool{}, []float64{}, []time.Time{}},
		{3, nil, nil, nil, nil, nil, nil},
	}
	for _, c := range []*oracle.Client{pair.Want, pair.Got} {
		arraysOf(t, c, rows)
	}
	for _, copied := range []string{"COPY (SELECT * FROM ar ORDER BY id) TO STDOUT", "COPY (SELECT * FROM ar ORDER BY id) TO STDOUT (FORMAT csv)",
		"COPY (SELECT * FROM ar ORDER BY id) TO STDOUT (FORMAT binary)"} {
		if want, got := copiedOut(t, pair.Want, copied), copiedOut(t, pair.Got, copied); len(want) == 0 || want != got {
			t.Errorf("%s\nPostgreSQL: %q\nMillrace:   %q", copied, want, got)
		}
	}
}

func arraysOf(t *testing.T, c *oracle.Client, rows []arrayRow) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn := c.Conn(t)
	c.Exec(t, "CREATE TABLE ar (id int PRIMARY KEY, ints int[], big bigint[], texts text[], flags boolean[], reals double precision[], times timestamptz[])")
	check := func(how string) {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec} {
			for _, want := range rows {
				var got arrayRow
				err := conn.QueryRow(ctx, "SELECT * FROM ar WHERE id = ANY ($1) AND texts IS NOT DISTINCT FROM $2", mode, []int32{int32(want.id), 99}, want.texts).
					Scan(&got.id, &got.ints, &got.big, &got.texts, &got.flags, &got.reals, &got.times)
				if err != nil {
					t.Fatalf("%s: %s: %v: %v", c.Label, how, mode, err)
				}
				if text(got) != text(want) {
					t.Errorf("%s: %s: %v: got %s, want %s", c.Label, how, mode, text(got), text(want))
				}
			}
		}
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol} {
		c.Exec(t, "DELETE FROM ar")
		for _, r := range rows {
			if _, err := conn.Exec(ctx, "INSERT INTO ar VALUES ($1, $2, $3, $4, $5, $6, $7)", mode, r.id, r.ints, r.big, r.texts, r.flags, r.reals, r.times); err != nil {
				t.Fatalf("%s: %v: %v", c.Label, mode, err)
			}
		}
		check(fmt.Sprint("inserted by ", mode))
	}
	c.Exec(t, "DELETE FROM ar")
	names := []string{"id", "ints", "big", "texts", "flags", "reals", "times"}
	source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
		r := rows[i]
		return []any{r.id, r.ints, r.big, r.texts, r.flags, r.reals, r.times}, nil
	})
	if n, err := conn.CopyFrom(ctx, pgx.Identifier{"ar"}, names, source); err != nil || n != int64(len(rows)) {
		t.Fatalf("%s: COPY: %d, %v", c.Label, n, err)
	}
	check("copied in binary")
	for _, format := range []string{"", " (FORMAT csv)"} {
		lines := copiedOut(t, c, "COPY ar TO STDOUT"+format)
		c.Exec(t, "DELETE FROM ar")
		if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(lines), "COPY ar FROM STDIN"+format); err != nil {
			t.Fatalf("%s: COPY%s: %v", c.Label, format, err)
		}
		check("copied" + format)
	}
}

// text shows a row with its NULLs.
func text(r arrayRow) string {
	big := []any{}
	for _, b := range r.big {
		if b == nil {
			big = append(big, nil)
		} else {
			big = append(big, *b)
		}
	}
	times := []string{}
	for _, at := range r.times {
		times = append(times, at.UTC().Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("%d %#v %v %v %#v %#v %#v %v %v", r.id, r.ints, big, r.big == nil, r.texts, r.flags, r.reals, times, r.times == nil)
}

func copiedOut(t *testing.T, c *oracle.Client, statement string) string {
	t.Helper()
	var out strings.Builder
	if _, err := c.Conn(t).PgConn().CopyTo(context.Background(), &out, statement); err != nil {
		t.Fatalf("%s: %s: %v", c.Label, statement, err)
	}
	return out.String()
}
