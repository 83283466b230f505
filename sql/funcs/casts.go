package funcs

import "github.com/millracedb/millrace/sql/types"

// CastContext says where a conversion is asked for, as pg_cast.castcontext.
type CastContext uint8

// The contexts, each allowing what the ones before it do.
const (
	CastImplicit   CastContext = iota // in expressions
	CastAssignment                    // to a column of a table
	CastExplicit                      // CAST, ::
)

// castKey is a pair of types.
type castKey struct{ from, to types.ID }

// casts lists what pg_cast of PostgreSQL 15 has among the types of Millrace. Casts through text are not listed: every
// type converts to text on assignment, and text to every type explicitly.
var casts = func() map[castKey]CastContext {
	m := map[castKey]CastContext{}
	for _, c := range []struct {
		context CastContext
		from    types.ID
		to      []types.ID
	}{
		{CastImplicit, types.IDInt2, []types.ID{types.IDInt4, types.IDInt8, types.IDNumeric, types.IDFloat4, types.IDFloat8, types.IDOID, types.IDRegtype, types.IDRegclass, types.IDRegproc, types.IDRegnamespace, types.IDRegrole}},
		{CastImplicit, types.IDInt4, []types.ID{types.IDInt8, types.IDNumeric, types.IDFloat4, types.IDFloat8, types.IDOID, types.IDRegtype, types.IDRegclass, types.IDRegproc, types.IDRegnamespace, types.IDRegrole}},
		{CastImplicit, types.IDInt8, []types.ID{types.IDNumeric, types.IDFloat4, types.IDFloat8, types.IDOID, types.IDRegtype, types.IDRegclass, types.IDRegproc, types.IDRegnamespace, types.IDRegrole}},
		{CastImplicit, types.IDNumeric, []types.ID{types.IDFloat4, types.IDFloat8}},
		{CastImplicit, types.IDFloat4, []types.ID{types.IDFloat8}},
		{CastImplicit, types.IDDate, []types.ID{types.IDTimestamptz, types.IDTimestamp}},
		{CastImplicit, types.IDTimestamp, []types.ID{types.IDTimestamptz}},
		{CastAssignment, types.IDTimestamp, []types.ID{types.IDDate, types.IDTime}},
		{CastImplicit, types.IDTime, []types.ID{types.IDInterval}},
		{CastAssignment, types.IDInterval, []types.ID{types.IDTime}},
		{CastImplicit, types.IDName, []types.ID{types.IDText}},
		{CastImplicit, types.IDChar, []types.ID{types.IDText}},
		{CastImplicit, types.IDText, []types.ID{types.IDName, types.IDVarchar, types.IDBpchar, types.IDRegclass}},
		{CastImplicit, types.IDVarchar, []types.ID{types.IDName, types.IDText, types.IDBpchar, types.IDRegclass}},
		{CastImplicit, types.IDBpchar, []types.ID{types.IDName, types.IDText, types.IDVarchar}},
		{CastImplicit, types.IDOID, []types.ID{types.IDRegtype, types.IDRegclass, types.IDRegproc, types.IDRegnamespace, types.IDRegrole}},
		{CastImplicit, types.IDRegtype, []types.ID{types.IDOID}},
		{CastImplicit, types.IDRegclass, []types.ID{types.IDOID}},
		{CastImplicit, types.IDRegproc, []types.ID{types.IDOID}},
		{CastImplicit, types.IDRegnamespace, []types.ID{types.IDOID}},
		{CastImplicit, types.IDRegrole, []types.ID{types.IDOID}},
		{CastAssignment, types.IDOID, []types.ID{types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDRegtype, []types.ID{types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDRegclass, []types.ID{types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDRegproc, []types.ID{types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDRegnamespace, []types.ID{types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDRegrole, []types.ID{types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDText, []types.ID{types.IDChar}},
		{CastAssignment, types.IDVarchar, []types.ID{types.IDChar}},
		{CastAssignment, types.IDBpchar, []types.ID{types.IDChar}},
		{CastAssignment, types.IDName, []types.ID{types.IDVarchar, types.IDBpchar}},
		{CastAssignment, types.IDChar, []types.ID{types.IDVarchar, types.IDBpchar}},
		{CastAssignment, types.IDInt4, []types.ID{types.IDInt2}},
		{CastAssignment, types.IDInt8, []types.ID{types.IDInt2, types.IDInt4}},
		{CastAssignment, types.IDNumeric, []types.ID{types.IDInt2, types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDFloat4, []types.ID{types.IDInt2, types.IDInt4, types.IDInt8, types.IDNumeric}},
		{CastAssignment, types.IDFloat8, []types.ID{types.IDInt2, types.IDInt4, types.IDInt8, types.IDNumeric, types.IDFloat4}},
		{CastAssignment, types.IDTimestamptz, []types.ID{types.IDDate, types.IDTimestamp, types.IDTime}},
		{CastAssignment, types.IDJSON, []types.ID{types.IDJSONB}},
		{CastAssignment, types.IDJSONB, []types.ID{types.IDJSON}},
		{CastExplicit, types.IDJSONB, []types.ID{types.IDBool, types.IDInt2, types.IDInt4, types.IDInt8, types.IDNumeric, types.IDFloat4, types.IDFloat8}},
		{CastExplicit, types.IDBool, []types.ID{types.IDInt4}},
		{CastExplicit, types.IDInt4, []types.ID{types.IDBool, types.IDChar}},
		{CastExplicit, types.IDChar, []types.ID{types.IDInt4}},
	} {
		for _, to := range c.to {
			m[castKey{c.from, to}] = c.context
		}
	}
	return m
}()

// Cast returns the function that converts from one type to another, if the context allows it. An empty id means that
// nothing is to be done: the expression stays as it is. The function's loop looks at the target's modifier, so it is
// right for a target with one. An explicit cast to varchar(n) or char(n) has a function of its own, which cuts.
func Cast(from, to types.Type, ctx CastContext) (id string, ok bool) {
	if from.ID == types.IDUnknown {
		from = types.Text
		ctx = CastExplicit
	}
	if same(from, to) {
		if to.Precision == 0 || from == to {
			return "", true
		}
		return castTo(from, to, ctx), true
	}
	need, ok := castContext(from, to)
	if !ok || ctx < need {
		return "", false
	}
	return castTo(from, to, ctx), true
}

func castTo(from, to types.Type, ctx CastContext) string {
	if from.IsArray() && to.IsArray() {
		if to.Element().HasLength() && ctx == CastExplicit {
			return cutArray
		}
		return castArray
	}
	if to.HasLength() && ctx == CastExplicit {
		return cutID(from, to)
	}
	return castID(from, to)
}

// castContext returns the least context in which from converts to to.
func castContext(from, to types.Type) (CastContext, bool) {
	if need, ok := casts[castKey{from.ID, to.ID}]; ok {
		return need, true
	}
	switch {
	case from.IsVector() && to == types.ArrayOf(from.VectorElement()):
		return CastImplicit, true
	case from.ID == types.IDOIDVector && to == types.ArrayOf(types.Int2): // it stood for int2vector, too
		return CastExplicit, true
	case from.IsArray() && to.IsArray() && same(from.Element(), to.Element()):
		return CastImplicit, true
	case from.IsArray() && to.IsArray():
		return castContext(from.Element(), to.Element())
	case !isValueType(from.ID) || !isValueType(to.ID):
		return 0, false
	case isStringType(to.ID):
		return CastAssignment, true
	case isStringType(from.ID):
		return CastExplicit, true
	}
	return 0, false
}

// isValueType reports whether columns can have the type.
func isValueType(id types.ID) bool {
	return id != types.IDInvalid && id != types.IDUnknown && id != types.IDVoid && id < types.IDAnyElement
}

// isStringType reports whether every type converts to and from it through its text.
func isStringType(id types.ID) bool { return category(id) == 'S' }

func castID(from, to types.Type) string {
	return "cast(" + from.ShortName() + "," + to.ShortName() + ")"
}

// cutID is the explicit cast to a string type with a length.
func cutID(from, to types.Type) string { return "cut" + castID(from, to)[len("cast"):] }

// hasModifier reports whether types with the id have modifiers.
func hasModifier(id types.ID) bool {
	switch id {
	case types.IDNumeric, types.IDVarchar, types.IDBpchar, types.IDTime, types.IDTimestamp, types.IDTimestamptz, types.IDInterval:
		return true
	}
	return false
}

// addCasts adds a signature for each pair of types that converts, callable by the target's short name too: int8(x).
func (r *registry) addCasts() {
	all := allTypes()
	for _, from := range all {
		for _, to := range all {
			_, ok := castContext(from, to)
			if from == to {
				ok = hasModifier(from.ID)
			}
			if !ok || from.IsArray() && to.IsArray() {
				continue
			}
			s := &Signature{ID: castID(from, to), Name: to.ShortName(), Args: []types.Type{from}, Result: to, Strict: true,
				Doc: "cast of " + from.String() + " to " + to.String()}
			if dependsOnSession(from, to) {
				s.Volatility = Stable
			}
			r.add(s)
			if to.ID == types.IDVarchar || to.ID == types.IDBpchar {
				cut := *s
				cut.ID, cut.operator = cutID(from, to), true
				cut.Doc += " that cuts what is too long"
				r.add(&cut)
			}
		}
	}
	r.addEnumCasts()
	for _, id := range []string{castArray, cutArray} {
		r.add(&Signature{ID: id, Name: id, Args: []types.Type{anyArray}, Result: anyArray, Strict: true, Volatility: Stable, operator: true,
			Doc: "cast of an array's elements"})
	}
}

// addEnumCasts adds the casts between enums, and arrays of them, and strings: one signature for all enums. They go through the labels.
func (r *registry) addEnumCasts() {
	for _, enum := range []types.Type{{ID: types.IDEnum}, types.ArrayOf(types.Type{ID: types.IDEnum})} {
		declared := anyEnum
		if enum.IsArray() {
			declared = anyArray
		}
		for _, s := range []types.Type{types.Text, types.Varchar, types.Bpchar, types.Name} {
			r.add(&Signature{ID: castID(enum, s), Name: s.ShortName(), Args: []types.Type{declared}, Result: s, Strict: true, Volatility: Stable, operator: true})
			r.add(&Signature{ID: castID(s, enum), Name: enum.ShortName(), Args: []types.Type{s}, Result: declared, Strict: true, Volatility: Stable, operator: true})
			if s.ID == types.IDVarchar || s.ID == types.IDBpchar {
				r.add(&Signature{ID: cutID(enum, s), Name: s.ShortName(), Args: []types.Type{declared}, Result: s, Strict: true, Volatility: Stable, operator: true})
			}
		}
	}
}

// The casts of arrays to arrays of other types; the second cuts elements that are too long.
const (
	castArray = "cast(anyarray,anyarray)"
	cutArray  = "cut(anyarray,anyarray)"
)

// ElementCast returns the function that converts an element for the cast of arrays id; "" if there is nothing to do.
func ElementCast(id string, from, to types.Type) string {
	if same(from, to) && to.Precision == 0 {
		return ""
	}
	if id == cutArray {
		return castTo(from, to, CastExplicit)
	}
	return castTo(from, to, CastAssignment)
}

// allTypes returns the types of AllIDs, and arrays of them.
func allTypes() (out []types.Type) {
	for _, id := range types.AllIDs() {
		out = append(out, types.Type{ID: id})
	}
	for _, id := range types.AllIDs() {
		if a := types.ArrayOf(types.Type{ID: id}); a.IsArray() {
			out = append(out, a)
		}
	}
	return out
}

// dependsOnSession reports whether a cast looks at the session's zone or at the catalog.
func dependsOnSession(from, to types.Type) bool {
	for _, t := range []*types.Type{&from, &to} {
		if t.IsArray() {
			*t = t.Element()
		}
	}
	return from != to && (from.ID == types.IDTimestamptz || to.ID == types.IDTimestamptz || to.IsOID() && to.ID != types.IDOID && isStringType(from.ID))
}
