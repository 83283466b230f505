package planner

import (
	"math"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
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
	"idle_timeout": true,
}

// storageOptions are PostgreSQL's storage parameters of tables ("PostgreSQL 15 docs, CREATE TABLE"). They are kept and shown, and mean
// nothing: the stores keep themselves tidy.
var storageOptions = map[string]func(ast.Option) error{
	"fillfactor":                            storageInt(10, 100),
	"toast_tuple_target":                    storageInt(128, 8160),
	"parallel_workers":                      storageInt(0, 1024),
	"vacuum_truncate":                       storageBool,
	"vacuum_index_cleanup":                  func(ast.Option) error { return nil },
	"user_catalog_table":                    storageBool,
	"autovacuum_enabled":                    storageBool,
	"autovacuum_vacuum_threshold":           storageInt(0, math.MaxInt32),
	"autovacuum_vacuum_insert_threshold":    storageInt(-1, math.MaxInt32),
	"autovacuum_analyze_threshold":          storageInt(0, math.MaxInt32),
	"autovacuum_vacuum_scale_factor":        storageNumber,
	"autovacuum_vacuum_insert_scale_factor": storageNumber,
	"autovacuum_analyze_scale_factor":       storageNumber,
	"autovacuum_vacuum_cost_delay":          storageNumber,
	"autovacuum_vacuum_cost_limit":          storageInt(1, 10_000),
	"autovacuum_freeze_min_age":             storageInt(0, 1_000_000_000),
	"autovacuum_freeze_max_age":             storageInt(100_000, 2_000_000_000),
	"autovacuum_freeze_table_age":           storageInt(0, 2_000_000_000),
	"log_autovacuum_min_duration":           storageInt(-1, math.MaxInt32),
}

func storageInt(low, high int) func(ast.Option) error {
	return func(o ast.Option) error {
		_, err := optionInt(o, low, high)
		return err
	}
}

func storageBool(o ast.Option) error {
	_, err := optionBool(o)
	return err
}

func storageNumber(o ast.Option) error {
	text, ok := optionText(o)
	if _, err := strconv.ParseFloat(text, 64); !ok || err != nil {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for floating point option %q: %s", o.Name, text).At(o.Pos)
	}
	return nil
}

// storageOption returns the check of a storage parameter of relations of the kind, nil if it is none.
func storageOption(kind catalog.Kind, name string) func(ast.Option) error {
	if kind != catalog.KindTable && kind != catalog.KindView {
		return nil
	}
	return storageOptions[strings.TrimPrefix(name, "toast.")]
}

// relationOptions are the WITH options of a relation.
type relationOptions struct {
	partitions int // 0 if not given
	config     catalog.TopicConfig
	topic      ast.Name // of streams; no parts if not given
	topicPos   int
	given      map[string]string
}

// parseOptions reads the WITH options of a new relation of the kind. Errors: 22023, 0A000, 42601.
func parseOptions(opts []ast.Option, kind catalog.Kind) (relationOptions, error) {
	out := relationOptions{config: catalog.DefaultConfig(kind)}
	for _, o := range opts {
		if _, there := out.given[o.Name]; there {
			return out, twice(o)
		}
		if err := out.read(o, kind); err != nil {
			return out, err
		}
		if out.given == nil {
			out.given = map[string]string{}
		}
		out.given[o.Name], _ = optionText(o)
	}
	return out, nil
}

// read takes the value of an option.
func (r *relationOptions) read(o ast.Option, kind catalog.Kind) (err error) {
	switch o.Name {
	case "partitions":
		r.partitions, err = optionInt(o, 1, maxPartitions)
		return err
	case "topic":
		return r.readTopic(o, kind)
	}
	if check := storageOption(kind, o.Name); check != nil {
		return check(o)
	}
	def, known := topicOptions[o.Name]
	if !known {
		return refuseOption(o)
	}
	if err := def.set(&r.config, o); err != nil {
		return err
	}
	return checkConfig(kind, r.config, o)
}

func (r *relationOptions) readTopic(o ast.Option, kind catalog.Kind) (err error) {
	switch kind {
	case catalog.KindTopic:
		return pgerr.New(pgerr.InvalidParameterValue, "unrecognized parameter %q", o.Name).At(o.Pos)
	case catalog.KindView:
		return pgerr.Unsupported("a %s over an existing topic is", kind).WithHint("Create a stream or a table over it.").At(o.Pos)
	}
	r.topic, err = topicName(o)
	r.topicPos = o.Pos
	return err
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
