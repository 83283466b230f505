package parse

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// Dump prints a statement as an indented tree, one node or field a line, leaving out what is zero. Positions follow a
// node's name behind @.
func Dump(stmt ast.Statement) string { return dumpNode(stmt) }

// DumpExpr is Dump for an expression.
func DumpExpr(e ast.Expr) string { return dumpNode(e) }

func dumpNode(node any) string {
	d := dumper{}
	d.value("", reflect.ValueOf(node))
	return d.b.String()
}

type dumper struct {
	b      strings.Builder
	indent int
}

func (d *dumper) line(format string, args ...any) {
	d.b.WriteString(strings.Repeat("  ", d.indent))
	fmt.Fprintf(&d.b, format, args...)
	d.b.WriteByte('\n')
}

// value prints v behind label, if it is not zero.
func (d *dumper) value(label string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		switch {
		case v.IsNil():
		case v.Elem().Kind() == reflect.Bool: // false is not the same as nil
			d.line("%s%v", label, v.Elem())
		default:
			d.value(label, v.Elem())
		}
	case reflect.Struct:
		if label == "" || !v.IsZero() {
			d.structure(label, v)
		}
	case reflect.Slice:
		d.list(label, v)
	default:
		if !v.IsZero() || v.Type() == literalKind {
			d.line("%s%s", label, scalar(v))
		}
	}
}

var literalKind = reflect.TypeOf(ast.LitNull)

var literalNames = [...]string{"null", "true", "false", "integer", "numeric", "string"}

func scalar(v reflect.Value) string {
	switch {
	case v.Type() == literalKind:
		return literalNames[v.Uint()]
	case v.Kind() == reflect.String:
		return fmt.Sprintf("%q", v.String())
	}
	return fmt.Sprint(v.Interface())
}

// structure prints the type's name and position, and the fields below it. Small ones fit on a line.
func (d *dumper) structure(label string, v reflect.Value) {
	if s, ok := short(v); ok {
		d.line("%s%s", label, s)
		return
	}
	d.line("%s%s%s", label, v.Type().Name(), place(v))
	d.indent++
	for i := 0; i < v.NumField(); i++ {
		name := v.Type().Field(i).Name
		if name != "P" && name != "Pos" {
			d.value(name+": ", v.Field(i))
		}
	}
	d.indent--
}

// place returns @position of a structure that has one.
func place(v reflect.Value) string {
	if pos := v.FieldByName("Pos"); pos.IsValid() && pos.Int() != 0 {
		return fmt.Sprintf("@%d", pos.Int())
	}
	return ""
}

// short returns the one-line form of leaves.
func short(v reflect.Value) (string, bool) {
	at := place(v)
	switch n := v.Interface().(type) {
	case ast.Name:
		if len(n.Parts) == 0 {
			return "", true
		}
		return strings.Join(n.Parts, ".") + at, true
	case ast.ColumnRef:
		return fmt.Sprintf("ColumnRef%s %q", at, n.Parts), true
	case ast.Star:
		return fmt.Sprintf("Star%s %s", at, strings.Trim(n.Schema+"."+n.Table, ".")), true
	case ast.Param:
		return fmt.Sprintf("Param%s $%d", at, n.Index), true
	case ast.Literal:
		return fmt.Sprintf("Literal%s %s %q", at, literalNames[n.Kind], n.Text), true
	case ast.TypeName:
		return typeText(n) + at, true
	case ast.NamedPos:
		return fmt.Sprintf("%q%s", n.Word, at), true
	}
	return "", false
}

func typeText(t ast.TypeName) string {
	s := fmt.Sprintf("type %q", strings.TrimPrefix(t.Schema+"."+t.Name, "."))
	if len(t.Mods) > 0 {
		s += fmt.Sprint(t.Mods)
	}
	if t.Array {
		s += "[]"
	}
	return s
}

// list prints the elements of a slice, numbered, or on one line if they are words.
func (d *dumper) list(label string, v reflect.Value) {
	if v.Len() == 0 {
		return
	}
	switch v.Type().Elem().Kind() {
	case reflect.String, reflect.Int:
		d.line("%s%q", label, v.Interface())
		return
	}
	d.line("%s", strings.TrimSuffix(label, " "))
	d.indent++
	for i := 0; i < v.Len(); i++ {
		d.value("- ", v.Index(i))
	}
	d.indent--
}
