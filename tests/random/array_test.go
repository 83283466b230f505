package random_test

import "fmt"

// array is an array of elements of a type, in most cases made of another.
func (s *scope) array(t, elem typ, depth int) string {
	g := s.generator
	a := s.expr(t, depth).sql
	e := fmt.Sprintf("(%s)::%v", s.expr(elem, depth).sql, elem)
	switch s.Intn(8) {
	case 0:
		return fmt.Sprintf("array_append(%s, %s)", a, e)
	case 1:
		return fmt.Sprintf("array_remove(%s, %s)", a, e)
	case 2:
		return fmt.Sprintf("(%s || %s)", a, s.expr(t, depth).sql)
	case 3:
		return fmt.Sprintf("(%s)[%s]", s.leaf(t, false).sql, pick(g, "1:2", "2:", ":1", "0:0"))
	case 4:
		return fmt.Sprintf("ARRAY[%s, (%s)::%v]", e, s.leaf(elem, false).sql, elem)
	case 5:
		return fmt.Sprintf("array_replace(%s, %s, (%s)::%v)", a, e, s.leaf(elem, false).sql, elem)
	case 6:
		if t == textArray {
			return fmt.Sprintf("string_to_array(%s, %s)", s.expr(text, depth).sql, pick(g, "','", "''", "'b'"))
		}
	}
	return fmt.Sprintf("array_prepend(%s, %s)", e, a)
}

// arrayCondition compares an array with another, or a value with its elements.
func (s *scope) arrayCondition(depth int) string {
	g := s.generator
	t, elem := intArray, integer
	if s.chance(2) {
		t, elem = textArray, text
	}
	a := s.expr(t, depth).sql
	if s.chance(2) {
		return fmt.Sprintf("(%s %s %s)", a, pick(g, "@>", "<@", "&&", "=", "<"), s.expr(t, depth).sql)
	}
	return fmt.Sprintf("((%s)::%v %s (%s))", s.leaf(elem, false).sql, elem, pick(g, "= ANY", "<> ALL", "> ANY", "<= ALL"), a)
}
