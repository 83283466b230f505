package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestMedian shows the middle of odd and even numbers of values, whatever their order.
func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{7}, 7}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 100, 2}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v: got %v, want %v", c.values, got, c.want)
		}
	}
}

// TestNumber shows that small values keep digits behind the point and large ones are grouped.
func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0.1234: "0.123", 12.34: "12.3", 999.6: "1,000", 100: "100", 1234567.8: "1,234,568"} {
		if got := number(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}

// TestResult shows medians of each side, the ratio of rounds rather than of medians, and times instead of rates.
func TestResult(t *testing.T) {
	s := samples{ours: []float64{10, 20, 90}, bare: []float64{10, 40, 100}, ratios: []float64{1, 0.5, 0.9}}
	if got, want := s.result(Row{}), (result{20, 40, 0.9, 0.5, 1}); got != want {
		t.Errorf("rates: got %v, want %v", got, want)
	}
	if got, want := s.result(Row{Times: true}), (result{50, 25, 0.9, 0.5, 1}); got != want {
		t.Errorf("times: got %v, want %v", got, want)
	}
}

// TestRounds shows that both sides run in each round, behind its preparation, and that the first of one round is the last of the next.
func TestRounds(t *testing.T) {
	var order string
	side := func(name string) Side {
		return func(time.Duration) float64 { order += name; return 1 }
	}
	var s samples
	for range 3 {
		s.round(func() { order += "p" }, side("o"), side("b"))
	}
	if order != "pobpbopob" || len(s.ours) != 3 || len(s.bare) != 3 || len(s.ratios) != 3 {
		t.Errorf("order %q, samples %v", order, s)
	}
}

// TestUntil shows that a step runs at least once, and that amounts are added up.
func TestUntil(t *testing.T) {
	steps := 0
	sum := Until(0, func() float64 { steps++; return 2.5 })
	if steps != 1 || sum != 2.5 {
		t.Errorf("%d steps, sum %v", steps, sum)
	}
}

// TestAppendRow shows that the first row stands behind the headline and further ones follow it.
func TestAppendRow(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rows")
	first, second := result{1, 2, 0.5, 0.4, 0.6}.line(Row{Name: "a", Unit: "gets"}), "second\n"
	for _, line := range []string{first, second} {
		if err := appendRow(name, line); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil || string(got) != headline+first+second {
		t.Errorf("got %q, %v", got, err)
	}
	if err := appendRow("", first); err != nil {
		t.Errorf("without a file: %v", err)
	}
}
