package bench

import (
	"fmt"
	"math"
	"slices"
)

// result is what a comparison came to. Rates are units a second, or milliseconds a unit if the row is of times.
type result struct{ ours, bare, ratio, least, greatest float64 }

func (s *samples) result(row Row) result {
	r := result{ours: median(s.ours), bare: median(s.bare), ratio: median(s.ratios),
		least: slices.Min(s.ratios), greatest: slices.Max(s.ratios)}
	if row.Times {
		r.ours, r.bare = 1000/r.ours, 1000/r.bare
	}
	return r
}

// median of an even number of values is the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

const rowFormat = "%-62s %10s %10s  %-10s %6s %13s  %s\n"

var headline = fmt.Sprintf(rowFormat, "median of the rounds", "millrace", "bare", "unit", "ratio", "least..most", "bare is")

// line is the row in the table.
func (r result) line(row Row) string {
	spread := fmt.Sprintf("%.2f..%.2f", r.least, r.greatest)
	return fmt.Sprintf(rowFormat, row.Name, number(r.ours), number(r.bare), row.metric(), fmt.Sprintf("%.2f", r.ratio), spread, row.Bare)
}

// number writes a value with three digits at least, its integer part in groups of three.
func number(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.3g", v)
	}
	digits := fmt.Sprintf("%.0f", math.Round(v))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
