package sql_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

// viewScripts are the scripts whose views and streams are made by continuous queries.
var viewScripts = []string{"testdata/view_*.sql", "testdata/views.sql", "testdata/stream_queries.sql"}

// TestViewsInEveryWay runs the scripts of continuous queries again: on a node that is killed before each query of what they hold, and
// with other numbers of partitions than the default. However they are run, PostgreSQL's rows are what they give.
func TestViewsInEveryWay(t *testing.T) {
	for _, pattern := range viewScripts {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no script %s: %v", pattern, err)
		}
		for _, path := range paths {
			name := strings.TrimSuffix(filepath.Base(path), ".sql")
			t.Run(name+"/killed", func(t *testing.T) { runKilled(t, path) })
			for _, partitions := range []int{1, 7} {
				t.Run(fmt.Sprintf("%s/%d", name, partitions), func(t *testing.T) { runPartitioned(t, path, partitions) })
			}
		}
	}
}

// ofSession are statements that leave something in their session which the next ones need.
var ofSession = regexp.MustCompile(`(?i)^(BEGIN|SET|PREPARE|DECLARE)\b`)

// runKilled kills the node before each query that follows another statement. The script must not have a state of its session.
func runKilled(t *testing.T, path string) {
	node, pair, statements := openScript(t, path)
	if slices.ContainsFunc(statements, ofSession.MatchString) {
		t.Fatal("its session has a state that a kill would end")
	}
	kills, wrote := 0, false
	for _, statement := range statements {
		isQuery := strings.HasPrefix(statement, "SELECT")
		if isQuery && wrote {
			node.Kill(t)
			node.Restart(t)
			kills++
		}
		wrote = !isQuery
		both(t, pair, statement)
	}
	if kills == 0 {
		t.Error("the node was not killed")
	}
}

func runPartitioned(t *testing.T, path string, partitions int) {
	_, pair, statements := openScript(t, path)
	changed := 0
	for _, statement := range statements {
		with := withPartitions(statement, partitions)
		if with != statement {
			changed++
		}
		both(t, pair, with)
	}
	if changed == 0 {
		t.Error("no relation has the number of partitions")
	}
}

var createRelation = regexp.MustCompile(`(?is)^(CREATE\s+(?:TABLE|STREAM|MATERIALIZED\s+VIEW)\s+\w+)(\s+AS\s.*|\s*\(.*\))$`)

// withPartitions gives the relation that a statement creates a number of partitions, if the statement gives it no options.
func withPartitions(statement string, partitions int) string {
	m := createRelation.FindStringSubmatch(statement)
	if m == nil || strings.Contains(statement, "WITH (") {
		return statement
	}
	options := fmt.Sprintf(" WITH (partitions = %d)", partitions)
	if strings.HasPrefix(strings.TrimSpace(m[2]), "(") {
		return statement + options
	}
	return m[1] + options + m[2]
}

func openScript(t *testing.T, path string) (*oracle.Millrace, oracle.Pair, []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	node := oracle.StartMillrace(t, oracle.Options{})
	return node, oracle.Pair{Want: oracle.StartPostgres(t), Got: node.Client}, oracle.Statements(string(text))
}
