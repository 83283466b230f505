package funcs

import (
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// same reports whether two types are one, modifiers aside.
func same(a, b types.Type) bool { return a.Base() == b.Base() }

func isPolymorphic(t types.Type) bool { return t.ID >= types.IDAnyElement }

func isCompatible(t types.Type) bool {
	return t.ID == types.IDAnyCompatible || t.ID == types.IDAnyCompatibleArray
}

func isAnyArray(t types.Type) bool {
	return t.ID == types.IDAnyArray || t.ID == types.IDAnyCompatibleArray
}

// elements returns the type of elements for which the polymorphic arguments of s agree; Unknown if untyped literals leave it
// open. ok is false if they do not agree.
func (s *Signature) elements(args []types.Type) (elem types.Type, ok bool) {
	var found []types.Type
	compatible, arrays, enums := false, false, false
	for i, a := range args {
		want := s.Arg(i)
		if !isPolymorphic(want) {
			continue
		}
		compatible = compatible || isCompatible(want)
		arrays = arrays || isAnyArray(want)
		enums = enums || want == anyEnum
		switch {
		case a.ID == types.IDUnknown:
			continue
		case isAnyArray(want) && a.IsVector():
			a = a.VectorElement()
		case isAnyArray(want) && !a.IsArray(), want == anyNonArray && a.IsArray(), want == anyEnum && a.ID != types.IDEnum:
			return elem, false
		case isAnyArray(want):
			a = a.Element()
		}
		found = append(found, a.Base())
	}
	switch {
	case len(found) == 0 && compatible:
		return types.Text, true
	case len(found) == 0:
		return types.Unknown, !enums // an untyped literal is no enum
	case compatible:
		common, err := CommonType(found)
		if err != nil {
			return elem, false
		}
		elem = common.Base()
	default:
		for _, t := range found[1:] {
			if t != found[0] {
				return elem, false
			}
		}
		elem = found[0]
	}
	return elem, !arrays || types.ArrayOf(elem).IsArray()
}

// settle returns s with the types that its polymorphic arguments and its result have for arguments of the given types.
// Errors: 42804, 0A000.
func (s *Signature) settle(args []types.Type) (*Signature, error) {
	if !s.polymorphic() {
		return s, nil
	}
	elem, _ := s.elements(args)
	if elem.ID == types.IDUnknown {
		return nil, pgerr.New(pgerr.DatatypeMismatch, "could not determine polymorphic type because input has type unknown")
	}
	array := types.ArrayOf(elem)
	if !array.IsArray() && isAnyArray(s.Result) {
		return nil, pgerr.New(pgerr.UndefinedObject, "could not find array type for data type %s", elem)
	}
	concrete := func(t types.Type) types.Type {
		switch {
		case isAnyArray(t):
			return array
		case isPolymorphic(t):
			return elem
		}
		return t
	}
	c := *s
	c.Args = make([]types.Type, len(s.Args))
	for i, t := range s.Args {
		c.Args[i] = concrete(t)
	}
	c.Result = concrete(s.Result)
	return &c, nil
}

func (s *Signature) polymorphic() bool {
	for _, t := range s.Args {
		if isPolymorphic(t) {
			return true
		}
	}
	return false
}

// refuseNested refuses what PostgreSQL makes arrays of several dimensions of.
func refuseNested(name string, args []types.Type) error {
	if name == "array_agg" && len(args) == 1 && args[0].IsArray() {
		return pgerr.Unsupported("multidimensional arrays are")
	}
	return nil
}
