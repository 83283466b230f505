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
	dropView    = regexp.MustCompile(`(?is)^DROP\s+MATERIALIZED\s+VIEW\b`)
)

// ToPostgres gives a statement the form that means the same to PostgreSQL: a continuous query is a plain view there,
// which is always fresh, and a stream is a table without a key; it has no partitions and no state. Other statements stay as they are.
func ToPostgres(statement string) string {
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
