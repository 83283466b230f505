package random_test

import (
	"regexp"
	"slices"
	"strings"
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
	changes := slices.DeleteFunc(slices.Clone(s[:len(s)-1]), func(x step) bool { return x.kind == query || x.kind == ordered })
	if candidate := append(changes, last); fails(candidate) {
		s = candidate
	}
	if candidate := related(s); fails(candidate) {
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

var relationName = regexp.MustCompile(`\b[tsv]\d+\b`)

// related keeps of a script what is about the relations of its last step, and those that their queries read.
func related(s script) script {
	names := map[string]bool{}
	note := func(sql string) {
		for _, name := range relationName.FindAllString(sql, -1) {
			names[name] = true
		}
	}
	note(s[len(s)-1].sql)
	for _, step := range slices.Backward(s) {
		if name := relationName.FindString(step.sql); strings.HasPrefix(step.sql, "CREATE") && names[name] {
			note(step.sql)
		}
	}
	return slices.DeleteFunc(slices.Clone(s), func(x step) bool {
		return slices.ContainsFunc(relationName.FindAllString(x.sql, -1), func(name string) bool { return !names[name] })
	})
}
