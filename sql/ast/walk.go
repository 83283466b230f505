package ast

import "reflect"

// Walk calls f for node and, where f returns true, for what is below it, in the order of the fields. It is told of
// pointers to this package's structs, as far as they are not nil.
func Walk(node any, f func(node any) bool) { walk(reflect.ValueOf(node), f) }

func walk(v reflect.Value, f func(any) bool) {
	switch v.Kind() {
	case reflect.Interface:
		walk(v.Elem(), f)
	case reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct && f(v.Interface()) {
			walk(v.Elem(), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), f)
		}
	}
}
