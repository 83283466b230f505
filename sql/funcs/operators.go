package funcs

import "github.com/millracedb/millrace/sql/types"

// op adds an operator with PostgreSQL's function. It is immutable and strict.
func (r *registry) op(symbol, id string, result types.Type, args ...types.Type) *Signature {
	s := &Signature{ID: id, Name: id, Args: args, Result: result, Strict: true, operator: true, Doc: "operator " + symbol}
	r.operators[symbol] = append(r.operators[symbol], s)
	return r.add(s)
}

// integers are the integer types with the digit that stands for them in the names of functions over two of them.
var integers = []struct {
	digit string
	t     types.Type
}{{"2", types.Int2}, {"4", types.Int4}, {"8", types.Int8}}

// intPairs calls f for each pair of integer types, with the prefix of its functions (int4, int48) and the wider type.
func intPairs(f func(prefix string, a, b, wider types.Type)) {
	for i, a := range integers {
		for j, b := range integers {
			prefix := "int" + a.digit + b.digit
			if i == j {
				prefix = "int" + a.digit
			}
			f(prefix, a.t, b.t, integers[max(i, j)].t)
		}
	}
}

var comparisons = []struct{ symbol, suffix string }{
	{"=", "eq"}, {"<>", "ne"}, {"<", "lt"}, {"<=", "le"}, {">", "gt"}, {">=", "ge"},
}

func (r *registry) compare(prefix string, a, b types.Type) {
	for _, c := range comparisons {
		r.op(c.symbol, prefix+c.suffix, types.Bool, a, b)
	}
}

func (r *registry) addOperators() {
	r.addComparisons()
	r.addArithmetic()
	r.addBits()
	r.addDateArithmetic()
	r.addTextOperators()
}

func (r *registry) addComparisons() {
	intPairs(func(prefix string, a, b, _ types.Type) { r.compare(prefix, a, b) })
	for _, c := range []struct {
		prefix string
		t      types.Type
	}{
		{"float4", types.Float4}, {"float8", types.Float8}, {"bpchar", types.Bpchar}, {"bytea", types.Bytea}, {"uuid_", types.UUID}, {"numeric_", types.Numeric}, {"bool", types.Bool}, {"timestamptz_", types.Timestamptz}, {"timestamp_", types.Timestamp}, {"interval_", types.Interval}, {"time_", types.Time},
		{"date_", types.Date}, {"oid", types.OID}, {"name", types.Name}, {"char", types.Char},
	} {
		r.compare(c.prefix, c.t, c.t)
	}
	r.compare("float48", types.Float4, types.Float8)
	r.compare("float84", types.Float8, types.Float4)
	for _, c := range comparisons {
		id := "text_" + c.suffix
		if c.symbol == "=" || c.symbol == "<>" {
			id = "text" + c.suffix
		}
		r.op(c.symbol, id, types.Bool, types.Text, types.Text)
	}
}

func (r *registry) addArithmetic() {
	intPairs(func(prefix string, a, b, wider types.Type) {
		r.op("+", prefix+"pl", wider, a, b)
		r.op("-", prefix+"mi", wider, a, b)
		r.op("*", prefix+"mul", wider, a, b)
		r.op("/", prefix+"div", wider, a, b)
		if a == b {
			r.op("%", prefix+"mod", wider, a, b)
			r.op("-", prefix+"um", a, a)
			r.op("+", prefix+"up", a, a)
			r.op("@", prefix+"abs", a, a)
		}
	})
	for _, c := range []struct {
		t                                            types.Type
		add, sub, mul, div, negate, keep, abs, power string
	}{
		{types.Float4, "float4pl", "float4mi", "float4mul", "float4div", "float4um", "float4up", "float4abs", ""},
		{types.Float8, "float8pl", "float8mi", "float8mul", "float8div", "float8um", "float8up", "float8abs", "dpow"},
		{types.Numeric, "numeric_add", "numeric_sub", "numeric_mul", "numeric_div", "numeric_uminus", "numeric_uplus", "numeric_abs", "numeric_power"},
	} {
		r.op("+", c.add, c.t, c.t, c.t)
		r.op("-", c.sub, c.t, c.t, c.t)
		r.op("*", c.mul, c.t, c.t, c.t)
		r.op("/", c.div, c.t, c.t, c.t)
		if c.power != "" {
			r.op("^", c.power, c.t, c.t, c.t)
		}
		r.op("-", c.negate, c.t, c.t)
		r.op("+", c.keep, c.t, c.t)
		r.op("@", c.abs, c.t, c.t)
	}
	for _, c := range []struct {
		prefix string
		a, b   types.Type
	}{{"float48", types.Float4, types.Float8}, {"float84", types.Float8, types.Float4}} {
		r.op("+", c.prefix+"pl", types.Float8, c.a, c.b)
		r.op("-", c.prefix+"mi", types.Float8, c.a, c.b)
		r.op("*", c.prefix+"mul", types.Float8, c.a, c.b)
		r.op("/", c.prefix+"div", types.Float8, c.a, c.b)
	}
	r.op("%", "numeric_mod", types.Numeric, types.Numeric, types.Numeric)
	r.op("|/", "dsqrt", types.Float8, types.Float8)
	r.op("||/", "dcbrt", types.Float8, types.Float8)
}

func (r *registry) addBits() {
	for _, i := range integers {
		prefix := "int" + i.digit
		r.op("&", prefix+"and", i.t, i.t, i.t)
		r.op("|", prefix+"or", i.t, i.t, i.t)
		r.op("#", prefix+"xor", i.t, i.t, i.t)
		r.op("~", prefix+"not", i.t, i.t)
		r.op("<<", prefix+"shl", i.t, i.t, types.Int4)
		r.op(">>", prefix+"shr", i.t, i.t, types.Int4)
	}
}

func (r *registry) addDateArithmetic() {
	r.op("+", "date_pli", types.Date, types.Date, types.Int4)
	r.op("+", "integer_pl_date", types.Date, types.Int4, types.Date)
	r.op("-", "date_mii", types.Date, types.Date, types.Int4)
	r.op("-", "date_mi", types.Int4, types.Date, types.Date)
	r.addIntervalArithmetic()
}

func (r *registry) addTextOperators() {
	r.op("||", "textcat", types.Text, types.Text, types.Text)
	r.op("||", "textanycat", types.Text, types.Text, anyNonArray).stable()
	r.op("||", "anytextcat", types.Text, anyNonArray, types.Text).stable()
	for _, o := range [][2]string{
		{"~~", "textlike"}, {"!~~", "textnlike"}, {"~~*", "texticlike"}, {"!~~*", "texticnlike"},
		{"~", "textregexeq"}, {"!~", "textregexne"}, {"~*", "texticregexeq"}, {"!~*", "texticregexne"},
	} {
		r.op(o[0], o[1], types.Bool, types.Text, types.Text)
	}
	for _, o := range [][2]string{
		{"~~", "bpcharlike"}, {"!~~", "bpcharnlike"}, {"~~*", "bpchariclike"}, {"!~~*", "bpcharicnlike"},
		{"~", "bpcharregexeq"}, {"!~", "bpcharregexne"}, {"~*", "bpcharicregexeq"}, {"!~*", "bpcharicregexne"},
	} {
		r.op(o[0], o[1], types.Bool, types.Bpchar, types.Text)
	}
	r.op("||", "byteacat", types.Bytea, types.Bytea, types.Bytea)
	r.op("~~", "bytealike", types.Bool, types.Bytea, types.Bytea)
	r.op("!~~", "byteanlike", types.Bool, types.Bytea, types.Bytea)
	r.op("^@", "text_starts_with", types.Bool, types.Text, types.Text)
}

// words are operators that are written as words, and other spellings.
var words = map[string]string{
	"like": "~~", "not like": "!~~", "ilike": "~~*", "not ilike": "!~~*", "!=": "<>",
}
