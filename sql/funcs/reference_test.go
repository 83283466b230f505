package funcs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

var rewrite = flag.Bool("rewrite", false, "write docs/functions.md anew")

const reference = "../../docs/functions.md"

// TestReference shows that docs/functions.md says what the table of functions has.
func TestReference(t *testing.T) {
	var out bytes.Buffer
	out.WriteString("# Functions and operators\n\nThis page is generated from the table of functions. They mean what they mean in PostgreSQL 15. " +
		"COALESCE, NULLIF, GREATEST, LEAST,\nCASE, IN, BETWEEN, LIKE and the like are part of the grammar; casts are listed in PostgreSQL's documentation.\n")
	writeFunctions(&out, "Functions", funcs.Scalar)
	writeFunctions(&out, "Aggregates", funcs.Aggregate)
	writeFunctions(&out, "Set-returning functions", funcs.Set)
	writeOperators(&out)
	if *rewrite {
		if err := os.WriteFile(reference, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, out.Bytes()) {
		t.Error("docs/functions.md is not what the table gives: make rewrite writes it anew")
	}
}

// writeFunctions lists what is called by name, in order of names; an example each.
func writeFunctions(out *bytes.Buffer, title string, kind funcs.Kind) {
	lines := map[string]string{}
	for _, s := range funcs.All() {
		if s.Kind != kind || s.Example == "" {
			continue
		}
		call := s.Name + "(" + argNames(s) + ")"
		lines[call] = row("`"+call+"`", resultName(s), s.Doc, "`"+s.Example+"`")
	}
	fmt.Fprintf(out, "\n## %s\n\n| function | result | | example |\n|---|---|---|---|\n", title)
	writeSorted(out, lines)
}

func writeOperators(out *bytes.Buffer) {
	lines := map[string]string{}
	for _, s := range funcs.All() {
		symbol, ok := strings.CutPrefix(s.Doc, "operator ")
		if !ok {
			continue
		}
		form := symbol + " " + argNames(s)
		if len(s.Args) == 2 {
			form = typeName(s.Args[0]) + " " + symbol + " " + typeName(s.Args[1])
		}
		lines[symbol+" "+form] = row("`"+form+"`", s.Result.String())
	}
	fmt.Fprintf(out, "\n## Operators\n\n| operator | result |\n|---|---|\n")
	writeSorted(out, lines)
}

func writeSorted(out *bytes.Buffer, lines map[string]string) {
	keys := make([]string, 0, len(lines))
	for k := range lines {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		out.WriteString(lines[k])
	}
}

// row is a row of a table; a bar in a cell would end it.
func row(cells ...string) string {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// resultName is the type of a result, or the columns of a row.
func resultName(s *funcs.Signature) string {
	if len(s.Columns) < 2 {
		return s.Result.String()
	}
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name + " " + c.Type.String()
	}
	return strings.Join(names, ", ")
}

func argNames(s *funcs.Signature) string {
	names := make([]string, len(s.Args))
	for i, a := range s.Args {
		names[i] = typeName(a)
	}
	if s.Variadic {
		names[len(names)-1] += ", …"
	}
	return strings.Join(names, ", ")
}

func typeName(t types.Type) string {
	if t == funcs.Any {
		return "any"
	}
	return t.String()
}
