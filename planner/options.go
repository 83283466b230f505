package planner

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Numbers of partitions.
const (
	defaultPartitions = 4
	maxPartitions     = 1024
)

// maxReplicas bounds replication_factor, which asks for replicas; how many there are depends on the nodes.
const maxReplicas = 16

// knownOptions are WITH options that are documented and not there: they are refused by name, others as unknown.
var knownOptions = map[string]bool{
	"retention": true, "retention_bytes": true, "cleanup_policy": true, "format": true, "topic": true,
	"durability": true, "state": true, "idle_timeout": true,
}

// relationOptions are the WITH options of a relation.
type relationOptions struct {
	partitions int // 0 if not given
	given      map[string]string
}

func parseOptions(opts []ast.Option) (relationOptions, error) {
	out := relationOptions{}
	for _, o := range opts {
		if _, twice := out.given[o.Name]; twice {
			return out, pgerr.New(pgerr.SyntaxError, "parameter %q specified more than once", o.Name).At(o.Pos)
		}
		n, err := out.read(o)
		if err != nil {
			return out, err
		}
		if out.given == nil {
			out.given = map[string]string{}
		}
		out.given[o.Name] = strconv.Itoa(n)
	}
	return out, nil
}

// read returns the value of an option.
func (r *relationOptions) read(o ast.Option) (n int, err error) {
	switch o.Name {
	case "partitions":
		r.partitions, err = optionInt(o, 1, maxPartitions)
		return r.partitions, err
	case "replication_factor":
		return optionInt(o, 1, maxReplicas)
	}
	return 0, refuseOption(o)
}

func refuseOption(o ast.Option) error {
	if knownOptions[o.Name] {
		return pgerr.Unsupported("option %q is", o.Name).At(o.Pos)
	}
	return pgerr.New(pgerr.InvalidParameterValue, "unrecognized parameter %q", o.Name).At(o.Pos)
}

// optionText returns an option's value as text; true for a bare name.
func optionText(o ast.Option) (string, bool) {
	switch v := o.Value.(type) {
	case nil:
		return "true", true
	case *ast.ColumnRef:
		return strings.Join(v.Parts, "."), true
	case *ast.Literal:
		switch v.Kind {
		case ast.LitTrue:
			return "true", true
		case ast.LitFalse:
			return "false", true
		case ast.LitNull:
			return "", false
		}
		return v.Text, true
	case *ast.Unary:
		if lit, ok := v.Arg.(*ast.Literal); ok && v.Op == "-" {
			return "-" + lit.Text, true
		}
	}
	return "", false
}

func optionInt(o ast.Option, low, high int) (int, error) {
	text, ok := optionText(o)
	n, err := strconv.Atoi(text)
	if !ok || o.Value == nil || err != nil {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid value for integer option %q: %s", o.Name, text).At(o.Pos)
	}
	if n < low || n > high {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "value %d out of bounds for option %q", n, o.Name).
			WithDetail("Valid values are between \"%d\" and \"%d\".", low, high).At(o.Pos)
	}
	return n, nil
}

func optionBool(o ast.Option) (bool, error) {
	text, ok := optionText(o)
	switch strings.ToLower(text) {
	case "true", "on", "yes", "1":
		if ok {
			return true, nil
		}
	case "false", "off", "no", "0":
		return false, nil
	}
	return false, pgerr.New(pgerr.InvalidParameterValue, "invalid value for boolean option %q: %s", o.Name, text).At(o.Pos)
}
