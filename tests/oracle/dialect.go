package oracle

import (
	"regexp"
	"strings"
)

// Statements splits a script. A statement ends with a semicolon at the end of a line; lines that are comments are
// left out. It knows no quotes and no dollar quotes, which the scripts of tests keep off the ends of lines.
func Statements(script string) []string {
	var statements []string
	var lines []string
	flush := func() {
		if statement := strings.TrimSpace(strings.Join(lines, "\n")); statement != "" {
			statements = append(statements, statement)
		}
		lines = lines[:0]
	}
	for _, line := range strings.Split(script, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		body, ends := strings.CutSuffix(line, ";")
		lines = append(lines, body)
		if ends {
			flush()
		}
	}
	flush()
	return statements
}

var (
	createQuery = regexp.MustCompile(`(?is)^CREATE\s+(?:STREAM|TABLE|MATERIALIZED\s+VIEW)(\s+\S+\s+AS\s)`)
	options     = regexp.MustCompile(`(?i)\s+WITH\s*\((?:partitions|state)\s*=[^)]*\)`)
	createAny   = regexp.MustCompile(`(?is)^CREATE\s`)
	stream      = regexp.MustCompile(`(?is)^(CREATE|DROP)\s+STREAM\b`)
	streamKey   = regexp.MustCompile(`(?i)\s+KEY(\s*[,)])`)
	tumble      = regexp.MustCompile(`TUMBLE\((\w+), (\w+), INTERVAL '([^']+)'\)`)
	hop         = regexp.MustCompile(`HOP\((\w+), (\w+), INTERVAL '([^']+)', INTERVAL '([^']+)'\)`)
	dropView    = regexp.MustCompile(`(?is)^DROP\s+MATERIALIZED\s+VIEW\b`)
)

// ToPostgres gives a statement the form that means the same to PostgreSQL: a continuous query is a plain view there,
// which is always fresh, and a stream is a table without a key; it has no partitions and no state. Windows of timestamptz
// are subqueries. Other statements stay as they are.
func ToPostgres(statement string) string {
	statement = tumble.ReplaceAllString(statement, `(SELECT *, date_bin('$3', $2, timestamptz '1970-01-01 00:00:00+00') AS window_start,
		date_bin('$3', $2, timestamptz '1970-01-01 00:00:00+00') + interval '$3' AS window_end FROM $1 WHERE $2 IS NOT NULL)`)
	statement = hop.ReplaceAllString(statement, `(SELECT $1.*, w AS window_start, w + interval '$4' AS window_end FROM $1, LATERAL (
		SELECT w FROM generate_series(date_bin('$3', CASE WHEN isfinite($2) THEN $2 END, timestamptz '1970-01-01 00:00:00+00') - 10 * interval '$3', $2, '$3') w
		WHERE w <= $2 AND w + interval '$4' > $2 UNION ALL
		SELECT $2 FROM generate_series(1, ceil(extract(epoch FROM interval '$4') / extract(epoch FROM interval '$3'))::int) WHERE NOT isfinite($2)) x (w))`)
	if createAny.MatchString(statement) {
		statement = options.ReplaceAllString(statement, "")
	}
	if createQuery.MatchString(statement) {
		return createQuery.ReplaceAllString(statement, "CREATE VIEW$1")
	}
	if stream.MatchString(statement) {
		return streamKey.ReplaceAllString(stream.ReplaceAllString(statement, "$1 TABLE"), "$1")
	}
	return dropView.ReplaceAllString(statement, "DROP VIEW")
}
