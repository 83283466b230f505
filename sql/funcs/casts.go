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
		{CastImplicit, types.IDInt2, []types.ID{types.IDInt4, types.IDInt8, types.IDNumeric, types.IDFloat4, types.IDFloat8, types.IDOID, types.IDRegtype}},
		{CastImplicit, types.IDInt4, []types.ID{types.IDInt8, types.IDNumeric, types.IDFloat4, types.IDFloat8, types.IDOID, types.IDRegtype}},
		{CastImplicit, types.IDInt8, []types.ID{types.IDNumeric, types.IDFloat4, types.IDFloat8, types.IDOID, types.IDRegtype}},
		{CastImplicit, types.IDNumeric, []types.ID{types.IDFloat4, types.IDFloat8}},
		{CastImplicit, types.IDFloat4, []types.ID{types.IDFloat8}},
		{CastImplicit, types.IDDate, []types.ID{types.IDTimestamptz, types.IDTimestamp}},
		{CastImplicit, types.IDTimestamp, []types.ID{types.IDTimestamptz}},
		{CastAssignment, types.IDTimestamp, []types.ID{types.IDDate, types.IDTime}},
		{CastImplicit, types.IDTime, []types.ID{types.IDInterval}},
		{CastAssignment, types.IDInterval, []types.ID{types.IDTime}},
		{CastImplicit, types.IDName, []types.ID{types.IDText}},
		{CastImplicit, types.IDChar, []types.ID{types.IDText}},
		{CastImplicit, types.IDText, []types.ID{types.IDName, types.IDVarchar, types.IDBpchar}},
		{CastImplicit, types.IDVarchar, []types.ID{types.IDName, types.IDText, types.IDBpchar}},
		{CastImplicit, types.IDBpchar, []types.ID{types.IDName, types.IDText, types.IDVarchar}},
		{CastImplicit, types.IDOID, []types.ID{types.IDRegtype}},
		{CastImplicit, types.IDRegtype, []types.ID{types.IDOID}},
		{CastAssignment, types.IDOID, []types.ID{types.IDInt4, types.IDInt8}},
		{CastAssignment, types.IDRegtype, []types.ID{types.IDInt4, types.IDInt8}},
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
	if from.ID == to.ID {
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
	if to.HasLength() && ctx == CastExplicit {
		return cutID(from.ID, to.ID)
	}
	return castID(from.ID, to.ID)
}

// castContext returns the least context in which from converts to to.
func castContext(from, to types.Type) (CastContext, bool) {
	if need, ok := casts[castKey{from.ID, to.ID}]; ok {
		return need, true
	}
	switch {
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
	return id != types.IDInvalid && id != types.IDUnknown && id != types.IDVoid
}

// isStringType reports whether every type converts to and from it through its text.
func isStringType(id types.ID) bool { return category(id) == 'S' }

func castID(from, to types.ID) string {
	return "cast(" + types.Type{ID: from}.ShortName() + "," + types.Type{ID: to}.ShortName() + ")"
}

// cutID is the explicit cast to a string type with a length.
func cutID(from, to types.ID) string { return "cut" + castID(from, to)[len("cast"):] }

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
	for _, from := range types.AllIDs() {
		for _, to := range types.AllIDs() {
			f, t := types.Type{ID: from}, types.Type{ID: to}
			_, ok := castContext(f, t)
			if from == to {
				ok = hasModifier(from)
			}
			if !ok {
				continue
			}
			s := &Signature{ID: castID(from, to), Name: t.ShortName(), Args: []types.Type{f}, Result: t, Strict: true,
				Doc: "cast of " + f.String() + " to " + t.String()}
			if dependsOnSession(from, to) {
				s.Volatility = Stable
			}
			r.add(s)
			if to == types.IDVarchar || to == types.IDBpchar {
				cut := *s
				cut.ID, cut.operator = cutID(from, to), true
				cut.Doc += " that cuts what is too long"
				r.add(&cut)
			}
		}
	}
}

// dependsOnSession reports whether a cast looks at the session's zone or at the catalog.
func dependsOnSession(from, to types.ID) bool {
	return from != to && (from == types.IDTimestamptz || to == types.IDTimestamptz || to == types.IDRegtype && isStringType(from))
}
