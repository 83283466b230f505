package random_test

import (
	"slices"
	"testing"
	"time"
)

// shrink drops steps of a script that ends with a difference, as long as it still ends with one of the same kind, and
// returns the shortest that it reaches in shrinkTime.
func shrink(t *testing.T, s script, shards int, d difference) script {
	deadline := time.Now().Add(*shrinkTime)
	last := s[len(s)-1]
	fails := func(candidate script) bool {
		var o outcome
		t.Run("shrink", func(t *testing.T) { o = run(t, candidate, shards, false) })
		return len(o.differences) == 1 && o.differences[0].sql == last.sql && o.differences[0].kind == d.kind
	}
	queries := slices.DeleteFunc(slices.Clone(s[:len(s)-1]), func(x step) bool { return x.kind == query || x.kind == ordered })
	if candidate := append(queries, last); fails(candidate) {
		s = candidate
	}
	for size := max(1, len(s)/2); time.Now().Before(deadline); {
		dropped := false
		for from := 0; from+size < len(s) && time.Now().Before(deadline); {
			candidate := slices.Delete(slices.Clone(s), from, from+size)
			if fails(candidate) {
				s, dropped = candidate, true
			} else {
				from += size
			}
		}
		if size == 1 && !dropped {
			break
		}
		size = max(1, size/2)
	}
	return s
}
