package planner

import (
	"strconv"
	"time"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// changesOptions reads the options of EMIT CHANGES into c. Errors: 22023, 0A000, 22007.
func changesOptions(c *plan.Changes, opts []ast.Option, env *Env) (err error) {
	var from, snapshot *ast.Option
	for i := range opts {
		o := &opts[i]
		switch o.Name {
		case "snapshot":
			snapshot = o
			c.Snapshot, err = optionBool(*o)
		case "progress":
			c.Progress, err = optionBool(*o)
		case "as of frontier", "as of offset", "as of timestamp":
			from = o
		default:
			err = pgerr.New(pgerr.InvalidParameterValue, "unrecognized option %q of EMIT CHANGES", o.Name).At(o.Pos)
		}
		if err != nil {
			return err
		}
	}
	if from == nil {
		return nil
	}
	if snapshot != nil && c.Snapshot {
		return pgerr.New(pgerr.InvalidParameterValue, "AS OF begins in the log, and gives no present contents").
			WithHint("Leave out snapshot = true.").At(snapshot.Pos)
	}
	c.Snapshot = false
	return changesFrom(c, *from, env)
}

// changesFrom reads where the changes begin.
func changesFrom(c *plan.Changes, o ast.Option, env *Env) error {
	text, _ := optionText(o)
	if lit, ok := o.Value.(*ast.Literal); !ok || lit.Kind == ast.LitNull {
		return pgerr.New(pgerr.InvalidParameterValue, "AS OF needs a constant").At(o.Pos)
	}
	if o.Name == "as of frontier" {
		from, ok := plan.ParseFrontier(text, c.Relation)
		if !ok {
			return pgerr.New(pgerr.InvalidParameterValue, "\"%s\" is no frontier of relation %q", text, c.Relation.Name).
				WithHint("Frontiers come in the column _frontier of EMIT CHANGES WITH (progress = true) on the same relation.").At(o.Value.Position())
		}
		c.From = from
		return nil
	}
	if c.Relation.Keyed() {
		return pgerr.Unsupported("AS OF OFFSET or TIMESTAMP on a table or view is").
			WithDetail("Their logs keep the last changes of each key only.").WithHint("Use AS OF FRONTIER.").At(o.Pos)
	}
	if o.Name == "as of offset" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return pgerr.New(pgerr.InvalidParameterValue, "invalid offset \"%s\"", text).At(o.Value.Position())
		}
		c.FromOffset = &n
		return nil
	}
	d, err := types.ParseText(types.Timestamptz, text, env.scope())
	if err != nil {
		return at(err, o.Value.Position())
	}
	since := types.ToTime(d.Int, time.UTC).UnixMilli()
	c.SinceMillis = &since
	return nil
}
