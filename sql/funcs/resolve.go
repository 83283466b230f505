package funcs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Resolve chooses the function or aggregate with a name (lower case, no schema) for arguments of the given types, as
// PostgreSQL 15 does ("docs 10.3"); untyped literals have type Unknown. The caller converts argument i to Signature.Arg(i).
// Errors: 42883, 42725.
func Resolve(name string, args []types.Type) (*Signature, error) {
	if s, err, ok := resolveChoice(name, args); ok {
		return s, err
	}
	call := name + "(" + typeNames(args, ", ") + ")"
	best := choose(table.byName[name], args)
	switch len(best) {
	case 1:
		return best[0].settle(args)
	case 0:
		if err := refuseNested(name, args); err != nil {
			return nil, err
		}
		return nil, pgerr.New(pgerr.UndefinedFunction, "function %s does not exist", call).
			WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
	}
	return nil, pgerr.New(pgerr.AmbiguousFunction, "function %s is not unique", call).
		WithHint("Could not choose a best candidate function. You might need to add explicit type casts.")
}

// Exists reports whether any function or aggregate has the name.
func Exists(name string) bool { return len(table.byName[name]) > 0 }

// Takes reports whether a function with the name takes n arguments.
func Takes(name string, n int) bool {
	return slices.ContainsFunc(table.byName[name], func(s *Signature) bool { return s.accepts(n) })
}

// IsAggregate reports whether the name is that of an aggregate.
func IsAggregate(name string) bool {
	for _, s := range table.byName[name] {
		if s.Kind == Aggregate {
			return true
		}
	}
	return false
}

// ResolveOperator chooses the function of an operator, as PostgreSQL 15 does ("docs 10.2"). The operator is a symbol or
// one of like, not like, ilike, not ilike. left is the zero Type for a prefix operator. Errors: 42883, 42725.
func ResolveOperator(op string, left, right types.Type) (*Signature, error) {
	symbol := op
	if w, ok := words[op]; ok {
		symbol = w
	}
	args := []types.Type{left, right}
	call := fmt.Sprintf("%s %s %s", left, symbol, right)
	if left.ID == types.IDInvalid {
		args = args[1:]
		call = fmt.Sprintf("%s %s", symbol, right)
	}
	candidates := table.operators[symbol]
	if s := exactOperator(candidates, args); s != nil {
		return s, nil
	}
	best := choose(candidates, args)
	switch {
	case len(best) == 1 && !moreElsewhere(symbol, args):
		s, err := best[0].settle(args)
		if err == nil && s.Arg(0).Elem == types.IDJSON && s.Result.ID == types.IDBool {
			return nil, notComparable(symbol, s.Arg(0).Element())
		}
		return s, err
	case len(best) == 0:
		return nil, pgerr.New(pgerr.UndefinedFunction, "operator does not exist: %s", call).
			WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
	}
	return nil, pgerr.New(pgerr.AmbiguousFunction, "operator is not unique: %s", call).
		WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.")
}

// notComparable refuses the comparison of arrays of a type that has none.
func notComparable(symbol string, elem types.Type) error {
	what := "an equality operator"
	if symbol[0] == '>' || symbol[0] == '<' && symbol != "<>" && symbol != "<@" {
		what = "a comparison function"
	}
	return pgerr.New(pgerr.UndefinedFunction, "could not identify %s for type %s", what, elem)
}

// moreElsewhere reports whether PostgreSQL has operators for other types that fit these untyped arguments as well.
func moreElsewhere(symbol string, args []types.Type) bool {
	untyped, dates := 0, 0
	for _, a := range args {
		switch a.ID {
		case types.IDUnknown:
			untyped++
		case types.IDDate:
			dates++
		}
	}
	switch symbol {
	case "*", "/":
		return untyped == 2
	case "-":
		return untyped == 1 && len(args) == 1
	case "+":
		return untyped == 1 && dates == 1
	}
	return false
}

// exactOperator returns the operator for just these types; one untyped argument is taken to have the other's type.
func exactOperator(candidates []*Signature, args []types.Type) *Signature {
	if len(args) == 2 {
		switch {
		case args[0].ID == types.IDUnknown:
			args = []types.Type{args[1], args[1]}
		case args[1].ID == types.IDUnknown:
			args = []types.Type{args[0], args[0]}
		}
	}
	for _, s := range candidates {
		if len(s.Args) == len(args) && exactMatches(s, args) == len(args) {
			return s
		}
	}
	return nil
}

func typeNames(ts []types.Type, separator string) string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.Base().String()
	}
	return strings.Join(names, separator)
}

// choose returns the candidates that are left when no rule tells them apart (func_select_candidate).
func choose(candidates []*Signature, args []types.Type) []*Signature {
	var viable []*Signature
	for _, s := range candidates {
		if s.accepts(len(args)) && callable(s, args) {
			if exactMatches(s, args) == len(args) && !s.Variadic {
				return []*Signature{s}
			}
			viable = append(viable, s)
		}
	}
	viable = keepMost(viable, func(s *Signature) int { return exactMatches(s, args) })
	viable = keepMost(viable, func(s *Signature) int { return preferredMatches(s, args) })
	if len(viable) > 1 {
		viable = placeUnknowns(viable, args)
	}
	if len(viable) > 1 {
		viable = assumeKnown(viable, args)
	}
	if len(viable) > 1 {
		viable = preferFixed(viable)
	}
	return viable
}

// callable reports whether the arguments convert implicitly.
func callable(s *Signature, args []types.Type) bool {
	for i, a := range args {
		if !converts(a, s.Arg(i)) {
			return false
		}
	}
	_, ok := s.elements(args)
	return ok
}

// converts reports whether an argument of type from is taken for one of type to.
func converts(from, to types.Type) bool {
	if to == Any || from.ID == types.IDUnknown || same(from, to) || isPolymorphic(to) {
		return true
	}
	if from.IsVector() && to.IsArray() {
		return same(from.VectorElement(), to.Element())
	}
	if from.IsArray() && to.IsArray() {
		return converts(from.Element(), to.Element())
	}
	need, ok := casts[castKey{from.ID, to.ID}]
	return ok && need == CastImplicit
}

func exactMatches(s *Signature, args []types.Type) (n int) {
	for i, a := range args {
		if a.ID != types.IDUnknown && same(a, s.Arg(i)) {
			n++
		}
	}
	return n
}

func preferredMatches(s *Signature, args []types.Type) (n int) {
	for i, a := range args {
		if a.ID == types.IDUnknown {
			continue
		}
		to := s.Arg(i)
		if same(a, to) || preferred(to.ID) && category(to.ID) == category(a.ID) {
			n++
		}
	}
	return n
}

// keepMost keeps the candidates with the highest score.
func keepMost(candidates []*Signature, score func(*Signature) int) (best []*Signature) {
	most := -1
	for _, s := range candidates {
		switch n := score(s); {
		case n > most:
			most, best = n, []*Signature{s}
		case n == most:
			best = append(best, s)
		}
	}
	return best
}

// placeUnknowns settles a category for each untyped argument: strings if a candidate takes one there, else the category
// that all candidates have; and within it the preferred type. It returns the candidates as they were if that decides
// nothing.
func placeUnknowns(candidates []*Signature, args []types.Type) []*Signature {
	left := candidates
	for i, a := range args {
		if a.ID != types.IDUnknown {
			continue
		}
		c, hasPreferred, ok := commonCategory(candidates, i)
		if !ok {
			return candidates
		}
		var keep []*Signature
		for _, s := range left {
			id := s.Arg(i).ID
			if category(id) == c && (!hasPreferred || preferred(id)) {
				keep = append(keep, s)
			}
		}
		left = keep
	}
	if len(left) == 0 {
		return candidates
	}
	return left
}

// commonCategory returns the category for untyped argument i, and whether one of the candidates has its preferred type.
func commonCategory(candidates []*Signature, i int) (c byte, hasPreferred, ok bool) {
	ok = true
	for n, s := range candidates {
		id := s.Arg(i).ID
		switch {
		case n == 0:
			c, hasPreferred = category(id), preferred(id)
		case category(id) == c:
			hasPreferred = hasPreferred || preferred(id)
		case category(id) == 'S':
			c, hasPreferred, ok = 'S', preferred(id), true
		case c != 'S':
			ok = false
		}
	}
	return c, hasPreferred, ok
}

// assumeKnown takes untyped arguments to be of the one type that all other arguments have.
func assumeKnown(candidates []*Signature, args []types.Type) []*Signature {
	known := types.Unknown
	for _, a := range args {
		switch {
		case a.ID == types.IDUnknown:
		case known.ID == types.IDUnknown:
			known = a
		case !same(a, known):
			return candidates
		}
	}
	if known.ID == types.IDUnknown {
		return candidates
	}
	var keep []*Signature
	for _, s := range candidates {
		same := make([]types.Type, len(args))
		for i := range same {
			same[i] = known
		}
		if callable(s, same) {
			keep = append(keep, s)
		}
	}
	if len(keep) == 1 {
		return keep
	}
	return candidates
}

// preferFixed prefers a signature that is not variadic.
func preferFixed(candidates []*Signature) (keep []*Signature) {
	for _, s := range candidates {
		if !s.Variadic {
			keep = append(keep, s)
		}
	}
	if len(keep) == 1 {
		return keep
	}
	return candidates
}

// category returns pg_type.typcategory.
func category(id types.ID) byte {
	switch id {
	case types.IDBool:
		return 'B'
	case types.IDInt2, types.IDInt4, types.IDInt8, types.IDFloat4, types.IDFloat8, types.IDNumeric, types.IDOID, types.IDRegtype,
		types.IDRegclass, types.IDRegproc, types.IDRegnamespace, types.IDRegrole:
		return 'N'
	case types.IDText, types.IDName, types.IDVarchar, types.IDBpchar:
		return 'S'
	case types.IDTimestamptz, types.IDTimestamp, types.IDDate, types.IDTime:
		return 'D'
	case types.IDInterval:
		return 'T'
	case types.IDEnum:
		return 'E'
	case types.IDChar:
		return 'Z'
	case types.IDArray, types.IDOIDVector, types.IDInt2Vector:
		return 'A'
	case types.IDUnknown:
		return 'X'
	case types.IDVoid, types.IDInvalid, types.IDAnyElement, types.IDAnyArray, types.IDAnyNonArray, types.IDAnyCompatible,
		types.IDAnyCompatibleArray, types.IDAnyEnum:
		return 'P'
	}
	return 'U'
}

// preferred returns pg_type.typispreferred.
func preferred(id types.ID) bool {
	switch id {
	case types.IDBool, types.IDFloat8, types.IDOID, types.IDText, types.IDTimestamptz, types.IDInterval:
		return true
	}
	return false
}

// CommonType returns the type to which values of the given types are brought together in UNION, CASE, COALESCE, IN and
// VALUES ("docs 10.5"). Errors: 42804, 42846, whose message the caller leads with the construct's name.
func CommonType(ts []types.Type) (types.Type, error) {
	common := types.Unknown
	for _, t := range ts {
		switch {
		case t.ID == types.IDUnknown || t == common:
		case common.ID == types.IDUnknown:
			common = t
		case same(t, common):
			common = common.Base()
		case category(t.ID) != category(common.ID):
			return types.Type{}, pgerr.New(pgerr.DatatypeMismatch, "types %s and %s cannot be matched", common.Base(), t.Base())
		case !preferred(common.ID) && converts(common, t) && !converts(t, common):
			common = t
		}
	}
	if common.ID == types.IDUnknown {
		return types.Text, nil
	}
	for _, t := range ts {
		if !converts(t, common) {
			return types.Type{}, pgerr.New(pgerr.CannotCoerce, "could not convert type %s to %s", t.Base(), common.Base())
		}
	}
	if len(ts) > 0 && common.Precision != 0 && !allSame(ts, common) {
		common = common.Base()
	}
	return common, nil
}

// allSame reports whether every type that is known is t, modifier included.
func allSame(ts []types.Type, t types.Type) bool {
	for _, o := range ts {
		if o != t && o.ID != types.IDUnknown {
			return false
		}
	}
	return true
}
