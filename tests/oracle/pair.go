package oracle

import "testing"

// Pair is the two sides of a test, to which the same is done: Want, the judge, and Got, the judged.
type Pair struct {
	Want, Got *Client
}

// Exec runs statements on both sides.
func (p Pair) Exec(t testing.TB, sql string) {
	t.Helper()
	p.Want.Exec(t, sql)
	p.Got.Exec(t, sql)
}

// CopyCSV loads a CSV file with a heading line into a relation on both sides, and fails the test if they do not
// count the same rows.
func (p Pair) CopyCSV(t testing.TB, relation, path string) {
	t.Helper()
	want, got := p.Want.CopyCSV(t, relation, path), p.Got.CopyCSV(t, relation, path)
	if want != got {
		t.Errorf("COPY %s: %s took %d rows, %s %d", relation, p.Want.Label, want, p.Got.Label, got)
	}
}

// Compare compares what both sides answer to a query, as the function Compare does.
func (p Pair) Compare(t testing.TB, name, query string) bool {
	t.Helper()
	return Compare(t, name, p.Want, p.Got, query)
}
