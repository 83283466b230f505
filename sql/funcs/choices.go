package funcs

import (
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// addChoices adds GREATEST and LEAST for each type that has an order. They ignore NULLs.
func (r *registry) addChoices() {
	for _, id := range types.AllIDs() {
		if !isValueType(id) || category(id) == 'A' || id == types.IDJSON {
			continue
		}
		t := types.Type{ID: id}
		r.fn("greatest", t, t).lax().variadic().doc("greatest of the arguments that are not NULL", "greatest(1, 3, 2)")
		r.fn("least", t, t).lax().variadic().doc("least of the arguments that are not NULL", "least(1, 3, 2)")
	}
	r.fn("greatest", anyEnum, anyEnum).lax().variadic()
	r.fn("least", anyEnum, anyEnum).lax().variadic()
	r.fn("greatest", anyArray, anyArray).lax().variadic()
	r.fn("least", anyArray, anyArray).lax().variadic()
}

// resolveChoice resolves greatest and least: they bring their arguments to a common type.
func resolveChoice(name string, args []types.Type) (s *Signature, err error, ok bool) {
	if name != "greatest" && name != "least" || len(args) == 0 {
		return nil, nil, false
	}
	t, err := CommonType(args)
	if err != nil {
		e := pgerr.From(err)
		e.Message = strings.ToUpper(name) + " " + e.Message
		return nil, e, true
	}
	if t.IsArray() || t.ID == types.IDEnum {
		declared := map[bool]types.Type{true: anyArray, false: anyEnum}[t.IsArray()]
		s, err = ByID(name + "(" + declared.ShortName() + ")").settle([]types.Type{t})
		return s, err, true
	}
	s = ByID(name + "(" + t.ShortName() + ")")
	if s == nil {
		return nil, pgerr.New(pgerr.UndefinedFunction, "could not identify a comparison function for type %s", t), true
	}
	return s, nil, true
}
