// Package bench measures Millrace beside the bare thing that it is built on, or PostgreSQL, both sides in one run: a machine that is
// slow today, or busy, is so for both, and their ratio still says what Millrace costs. It asserts nothing.
//
// Each comparison is a row of the table that `make bench` prints at its end; see RowsFile.
package bench

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// RowsFile names the environment variable with the file to which each comparison appends its row, for a person to read.
// Without it there are only the lines that `go test -bench` prints.
const RowsFile = "MILLRACE_BENCH_ROWS"

const (
	// rounds is how often a comparison runs both sides at least; a longer -benchtime makes it more.
	rounds = 5
	// slice is about how long one side runs in a round.
	slice = 250 * time.Millisecond
)

// Side is one of the two that are compared: it works for about d, and returns how much it did, in the row's unit. What
// takes longer than d is done once.
type Side func(d time.Duration) float64

// Row names a comparison.
type Row struct {
	Name string // in the table
	Unit string // of what a side returns, such as "appends"; the rates are units a second
	// Times has the table say how long one unit takes, in milliseconds, instead of how many are done in a second.
	Times bool
	// Amounts has the sides' results be amounts of Unit, of which less is better: CompareAmounts.
	Amounts bool
	Bare    string // what the bare side is
	// Prepare, if there is one, runs before each round and is not measured.
	Prepare func()
}

// Compare runs ours and bare in turn, the first of a round last in the next, and reports the median of each side, the median
// of the rounds' ratios, and the least and the greatest of them. A ratio of 0.5 says that ours has half the speed of bare.
func Compare(b *testing.B, row Row, ours, bare Side) {
	b.Helper()
	var s samples
	for b.Loop() {
		s.round(row.Prepare, ours, bare)
	}
	for len(s.ratios) < rounds {
		s.round(row.Prepare, ours, bare)
	}
	report(b, row, s.result(row))
}

// CompareAmounts reports what each side takes of the row's unit; a ratio of 0.5 says that ours takes twice as much as bare.
func CompareAmounts(b *testing.B, row Row, ours, bare float64) {
	b.Helper()
	row.Amounts = true
	ratio := bare / ours
	report(b, row, result{ours: ours, bare: bare, ratio: ratio, least: ratio, greatest: ratio})
}

func report(b *testing.B, row Row, r result) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // of a round: says nothing
	b.ReportMetric(r.ours, row.metric())
	b.ReportMetric(r.bare, "bare-"+row.metric())
	b.ReportMetric(r.ratio, "ratio")
	if err := appendRow(os.Getenv(RowsFile), r.line(row)); err != nil {
		b.Error(err)
	}
}

func (r Row) metric() string {
	switch {
	case r.Times:
		return "ms"
	case r.Amounts:
		return r.Unit
	}
	return r.Unit + "/s"
}

// samples are rates in units a second, one per round.
type samples struct{ ours, bare, ratios []float64 }

func (s *samples) round(prepare func(), ours, bare Side) {
	if prepare != nil {
		prepare()
	}
	var o, b float64
	if len(s.ratios)%2 == 0 {
		o, b = rate(ours), rate(bare)
	} else {
		b, o = rate(bare), rate(ours)
	}
	s.ours, s.bare, s.ratios = append(s.ours, o), append(s.bare, b), append(s.ratios, o/b)
}

// rate begins with a collection, so that no side pays for the other's garbage.
func rate(side Side) float64 {
	runtime.GC()
	begin := time.Now()
	amount := side(slice)
	return amount / time.Since(begin).Seconds()
}

// Until calls step, which returns how much it did, until d is over, and returns the sum.
func Until(d time.Duration, step func() float64) (sum float64) {
	for end := time.Now().Add(d); ; {
		sum += step()
		if !time.Now().Before(end) {
			return sum
		}
	}
}

// appendRow appends a line to the file, behind a headline if it is the first; no name: nothing is written.
func appendRow(name, line string) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		line = headline + line
	}
	if err == nil {
		_, err = f.WriteString(line)
	}
	if err != nil {
		return fmt.Errorf("row of the table: %w", err)
	}
	return nil
}
