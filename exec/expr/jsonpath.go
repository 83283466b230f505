package expr

import (
	"errors"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// pathRun is the evaluation of a path over a document, after jsonpath_exec.c. Items are given depth first, so that who asks only
// whether there are any meets no error behind the first.
type pathRun struct {
	lax       bool
	root      *types.JSONValue
	vars      *types.JSONValue
	tolerant  bool // of structures that the path does not fit, behind ** as in lax mode
	current   *types.JSONValue
	arraySize int // of the array in whose subscript the evaluation is
	given     int
}

// maxPathItems bounds how many items a path gives, those on the way included.
const maxPathItems = 1_000_000

// The SQLSTATEs of JSON paths (docs appendix A, class 22).
const (
	jsonInvalidSubscript  = "22033"
	jsonNonNumeric        = "22036"
	jsonSingletonRequired = "22038"
	jsonArrayNotFound     = "22039"
	jsonMemberNotFound    = "2203A"
	jsonNumberNotFound    = "2203B"
	jsonObjectNotFound    = "2203C"
)

// emitItem takes an item; an error ends the evaluation.
type emitItem func(v *types.JSONValue) error

// errEnough ends an evaluation that has given what was asked for.
var errEnough = errors.New("enough")

// truth is a value of three-valued logic.
type truth uint8

const (
	isFalse truth = iota
	isTrue
	isUnknown
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// items gives what node n gives.
func (r *pathRun) items(n *pathNode, emit emitItem) error {
	if r.given++; r.given > maxPathItems {
		return pgerr.New(pgerr.ProgramLimitExceeded, "jsonpath gives more than %d items", maxPathItems)
	}
	next := func(v *types.JSONValue) error { return r.steps(n.steps, v, r.lax, emit) }
	switch n.kind {
	case pathLiteral:
		return next(n.value)
	case pathRoot:
		return next(r.root)
	case pathCurrent:
		return next(r.current)
	case pathVariable:
		v := r.vars.Member(n.name)
		if v == nil {
			return pgerr.New(pgerr.UndefinedObject, "could not find jsonpath variable \"%s\"", n.name)
		}
		return next(v)
	case pathLast:
		return next(intItem(int64(r.arraySize) - 1))
	case pathOperator:
		return r.operator(n, next)
	}
	t, err := r.test(n)
	switch {
	case err != nil:
		return err
	case t == isUnknown:
		return next(&types.JSONValue{Kind: types.JSONNull})
	}
	return next(&types.JSONValue{Kind: types.JSONBool, Bool: t == isTrue})
}

func intItem(n int64) *types.JSONValue { return numberItem(apd.New(n, 0)) }

func numberItem(d *apd.Decimal) *types.JSONValue {
	return &types.JSONValue{Kind: types.JSONNumber, Str: d.Text('f')}
}

// steps applies steps to v in turn. unwrap: the first takes the elements of an array instead of it, where it is for none.
func (r *pathRun) steps(steps []*pathNode, v *types.JSONValue, unwrap bool, emit emitItem) error {
	if len(steps) == 0 {
		return emit(v)
	}
	if r.given++; r.given > maxPathItems {
		return pgerr.New(pgerr.ProgramLimitExceeded, "jsonpath gives more than %d items", maxPathItems)
	}
	n, next := steps[0], func(v *types.JSONValue) error { return r.steps(steps[1:], v, r.lax, emit) }
	if unwrap && v.Kind == types.JSONArray && n.unwraps() {
		return each(v.Items, func(item *types.JSONValue) error { return r.steps(steps, item, false, emit) })
	}
	switch n.kind {
	case pathMember:
		return r.member(n, v, next)
	case pathMembers:
		if v.Kind == types.JSONObject {
			return each(v.Items, next)
		}
		return r.structure(jsonObjectNotFound, "jsonpath wildcard member accessor can only be applied to an object")
	case pathElements:
		switch {
		case v.Kind == types.JSONArray:
			return each(v.Items, next)
		case r.lax:
			return next(v)
		}
		return r.structure(jsonArrayNotFound, "jsonpath wildcard array accessor can only be applied to an array")
	case pathSubscript:
		return r.subscript(n, v, next)
	case pathAny:
		return r.any(n, v, next)
	case pathMethod:
		return r.method(n.name, v, next)
	}
	return r.filter(n.args[0], v, next)
}

// unwraps reports whether a step takes the elements of an array in lax mode.
func (n *pathNode) unwraps() bool {
	switch n.kind {
	case pathMember, pathMembers, pathFilter:
		return true
	case pathMethod:
		return n.name != "type" && n.name != "size"
	}
	return false
}

func each(items []*types.JSONValue, f emitItem) error {
	for _, v := range items {
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// structure is the error where a document is not what the path expects; nil where that gives nothing.
func (r *pathRun) structure(code, message string) error {
	if r.tolerant {
		return nil
	}
	return pgerr.New(code, "%s", message)
}

func (r *pathRun) member(n *pathNode, v *types.JSONValue, next emitItem) error {
	if v.Kind != types.JSONObject {
		return r.structure(jsonMemberNotFound, "jsonpath member accessor can only be applied to an object")
	}
	if item := v.Member(n.name); item != nil {
		return next(item)
	}
	return r.structure(jsonMemberNotFound, `JSON object does not contain key "`+n.name+`"`)
}

func (r *pathRun) subscript(n *pathNode, v *types.JSONValue, next emitItem) error {
	items := v.Items
	if v.Kind != types.JSONArray {
		if !r.lax {
			return r.structure(jsonArrayNotFound, "jsonpath array accessor can only be applied to an array")
		}
		items = []*types.JSONValue{v}
	}
	before := r.arraySize
	for _, bounds := range n.args {
		r.arraySize = len(items)
		from, err := r.index(bounds.args[0])
		to := from
		if err == nil && len(bounds.args) > 1 {
			to, err = r.index(bounds.args[1])
		}
		r.arraySize = before
		if err != nil {
			return err
		}
		if from < 0 || from > to || to >= int64(len(items)) {
			if err := r.structure(jsonInvalidSubscript, "jsonpath array subscript is out of bounds"); err != nil {
				return err
			}
		}
		for i := max(from, 0); i <= min(to, int64(len(items))-1); i++ {
			if err := next(items[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// index evaluates a subscript.
func (r *pathRun) index(n *pathNode) (int64, error) {
	var found []*types.JSONValue
	if err := r.items(n, func(v *types.JSONValue) error { found = append(found, v); return nil }); err != nil {
		return 0, err
	}
	if len(found) != 1 || found[0].Kind != types.JSONNumber {
		return 0, pgerr.New(jsonInvalidSubscript, "jsonpath array subscript is not a single numeric value")
	}
	var whole apd.Decimal
	types.TruncDecimal(&whole, found[0].Decimal(), 0)
	i, err := whole.Int64()
	if err != nil || i != int64(int32(i)) {
		return 0, pgerr.New(jsonInvalidSubscript, "jsonpath array subscript is out of integer range")
	}
	return i, nil
}

// any gives v and what is in it, from the first level to the last.
func (r *pathRun) any(n *pathNode, v *types.JSONValue, next emitItem) error {
	tolerantly := func(v *types.JSONValue) error {
		before := r.tolerant
		r.tolerant = true
		defer func() { r.tolerant = before }()
		return next(v)
	}
	if n.first == 0 {
		if err := tolerantly(v); err != nil {
			return err
		}
	}
	return within(v, 1, n, tolerantly)
}

func within(v *types.JSONValue, level uint32, n *pathNode, next emitItem) error {
	if level > n.last {
		return nil
	}
	for _, item := range v.Items {
		leaf := n.first == maxLevel && n.last == maxLevel && item.Kind < types.JSONArray
		if level >= n.first || leaf {
			if err := next(item); err != nil {
				return err
			}
		}
		if err := within(item, level+1, n, next); err != nil {
			return err
		}
	}
	return nil
}

func (r *pathRun) filter(condition *pathNode, v *types.JSONValue, next emitItem) error {
	before := r.current
	r.current = v
	t, err := r.test(condition)
	r.current = before
	if err != nil || t != isTrue {
		return err
	}
	return next(v)
}

func (r *pathRun) method(name string, v *types.JSONValue, next emitItem) error {
	switch name {
	case "type":
		return next(&types.JSONValue{Kind: types.JSONString, Str: v.Kind.String()})
	case "size":
		size := 1
		if v.Kind == types.JSONArray {
			size = len(v.Items)
		} else if !r.lax {
			return r.structure(jsonArrayNotFound, "jsonpath item method .size() can only be applied to an array")
		}
		return next(intItem(int64(size)))
	case "double":
		return r.double(v, next)
	}
	if v.Kind != types.JSONNumber {
		return pgerr.New(jsonNonNumeric, "jsonpath item method .%s() can only be applied to a numeric value", name)
	}
	var z apd.Decimal
	switch d := v.Decimal(); name {
	case "abs":
		z.Abs(d)
	case "floor":
		roundAway(&z, d, -1)
	default:
		roundAway(&z, d, 1)
	}
	return next(numberItem(&z))
}

func (r *pathRun) double(v *types.JSONValue, next emitItem) error {
	if v.Kind != types.JSONNumber && v.Kind != types.JSONString {
		return pgerr.New(jsonNonNumeric, "jsonpath item method .double() can only be applied to a string or numeric value")
	}
	d, err := types.ParseText(types.Float8, v.Str, types.Scope{})
	if err != nil || d.Float-d.Float != 0 {
		what := "string"
		if v.Kind == types.JSONNumber {
			what = "numeric"
		}
		return pgerr.New(jsonNonNumeric, "%s argument of jsonpath item method .double() is not a valid representation of a double precision number", what)
	}
	if v.Kind == types.JSONNumber {
		return next(v)
	}
	n, _, err := apd.NewFromString(string(types.AppendFloat(nil, d.Float)))
	if err != nil {
		return err
	}
	return next(numberItem(n))
}

// operands returns what n gives; in lax mode the elements of arrays instead of them.
func (r *pathRun) operands(n *pathNode) (found []*types.JSONValue, err error) {
	err = r.items(n, func(v *types.JSONValue) error {
		if r.lax && v.Kind == types.JSONArray {
			found = append(found, v.Items...)
		} else {
			found = append(found, v)
		}
		return nil
	})
	return found, err
}

func (r *pathRun) operator(n *pathNode, next emitItem) error {
	if len(n.args) == 1 {
		return r.sign(n, next)
	}
	var numbers [2]*apd.Decimal
	for i, side := range []string{"left", "right"} {
		found, err := r.operands(n.args[i])
		if err != nil {
			return err
		}
		if len(found) != 1 || found[0].Kind != types.JSONNumber {
			return pgerr.New(jsonSingletonRequired, "%s operand of jsonpath operator %s is not a single numeric value", side, n.name)
		}
		numbers[i] = found[0].Decimal()
	}
	var z apd.Decimal
	var err error
	switch a, b := numbers[0], numbers[1]; n.name {
	case "+", "-":
		err = addDecimals(&z, a, b, n.name == "-")
	case "*":
		err = multiplyDecimals(&z, a, b)
	case "/":
		err = divideDecimals(&z, a, b)
	default:
		err = remainder(&z, a, b)
	}
	if err != nil {
		return err
	}
	return next(numberItem(&z))
}

// sign applies + or - to each number.
func (r *pathRun) sign(n *pathNode, next emitItem) error {
	found, err := r.operands(n.args[0])
	if err != nil {
		return err
	}
	return each(found, func(v *types.JSONValue) error {
		if v.Kind != types.JSONNumber {
			return pgerr.New(jsonNumberNotFound, "operand of unary jsonpath operator %s is not a numeric value", n.name)
		}
		if n.name == "-" {
			var z apd.Decimal
			if z.Set(v.Decimal()); z.Coeff.Sign() != 0 {
				z.Negative = !z.Negative
			}
			v = numberItem(&z)
		}
		return next(v)
	})
}

// test evaluates a predicate. Errors of its operands make it unknown; the error is of what must not be passed over.
func (r *pathRun) test(n *pathNode) (truth, error) {
	switch n.kind {
	case pathLogic:
		return r.logic(n)
	case pathUnknown:
		t, err := r.test(n.args[0])
		return truthOf(t == isUnknown), err
	case pathExists:
		return r.exists(n.args[0])
	}
	left, err := r.operands(n.args[0])
	if err != nil {
		return isUnknown, fatal(err)
	}
	right := []*types.JSONValue{nil}
	if len(n.args) > 1 {
		if right, err = r.operands(n.args[1]); err != nil {
			return isUnknown, fatal(err)
		}
	}
	found, failed := false, false
	for _, x := range left {
		for _, y := range right {
			switch t := n.compare(x, y); {
			case t == isTrue && r.lax:
				return isTrue, nil
			case t == isUnknown && !r.lax:
				return isUnknown, nil
			case t == isTrue:
				found = true
			case t == isUnknown:
				failed = true
			}
		}
	}
	if !found && failed {
		return isUnknown, nil
	}
	return truthOf(found), nil
}

// fatal returns err if a predicate may not pass over it: it is no error of the data.
func fatal(err error) error {
	if code := pgerr.Code(err); len(code) == 5 && code[:2] == "22" {
		return nil
	}
	return err
}

func (r *pathRun) logic(n *pathNode) (truth, error) {
	left, err := r.test(n.args[0])
	if err != nil {
		return left, err
	}
	switch {
	case n.name == "!" && left == isUnknown:
		return isUnknown, nil
	case n.name == "!":
		return truthOf(left == isFalse), nil
	case n.name == "&&" && left == isFalse, n.name == "||" && left == isTrue:
		return left, nil
	}
	right, err := r.test(n.args[1])
	decides := isFalse
	if n.name == "||" {
		decides = isTrue
	}
	if right == decides || left != isUnknown {
		return right, err
	}
	return isUnknown, err
}

func (r *pathRun) exists(n *pathNode) (truth, error) {
	found := false
	err := r.items(n, func(*types.JSONValue) error {
		found = true
		if r.lax {
			return errEnough
		}
		return nil
	})
	switch {
	case err == errEnough, err == nil:
		return truthOf(found), nil
	}
	return isUnknown, fatal(err)
}

// compare applies a predicate to a pair of items.
func (n *pathNode) compare(x, y *types.JSONValue) truth {
	switch {
	case n.kind == pathLike:
		if x.Kind != types.JSONString {
			return isUnknown
		}
		return truthOf(n.regex.MatchString(x.Str))
	case n.kind == pathStarts:
		if x.Kind != types.JSONString || y.Kind != types.JSONString {
			return isUnknown
		}
		return truthOf(strings.HasPrefix(x.Str, y.Str))
	case x.Kind != y.Kind && (x.Kind == types.JSONNull || y.Kind == types.JSONNull):
		return truthOf(n.name == "!=")
	case x.Kind != y.Kind, x.Kind >= types.JSONArray:
		return isUnknown
	}
	return truthOf(holds(n.name, compareScalars(x, y)))
}

func compareScalars(x, y *types.JSONValue) int {
	switch x.Kind {
	case types.JSONBool:
		return int(bit(x.Bool) - bit(y.Bool))
	case types.JSONNumber:
		return x.Decimal().Cmp(y.Decimal())
	case types.JSONString:
		return strings.Compare(x.Str, y.Str)
	}
	return 0
}

func holds(op string, order int) bool {
	switch op {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
