package planner

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// PlanAlterOptions makes the command of ALTER … SET (…) or RESET (…) on rel; over is the topic that rel is over, or nil.
// Errors: 22023, 0A000, 42601, 42809.
func PlanAlterOptions(stmt *ast.AlterOptions, rel, over *catalog.Relation) (catalog.Alteration, error) {
	a := catalog.Alteration{Relation: rel.ID, Before: rel.Config, After: rel.Config, Options: map[string]string{}}
	for name, value := range rel.Options {
		a.Options[name] = value
	}
	if rel.Over != 0 {
		err := pgerr.New(pgerr.WrongObjectType, "stream %q has no topic of its own", rel.Name).At(stmt.Name.Pos)
		if over != nil {
			err.WithHint("Use ALTER TOPIC %s.", over.Name)
		}
		return a, err
	}
	seen := map[string]bool{}
	for _, o := range stmt.Options {
		if seen[o.Name] {
			return a, twice(o)
		}
		seen[o.Name] = true
		if err := alterOption(&a, rel.Kind, stmt.Reset, o); err != nil {
			return a, err
		}
	}
	return a, nil
}

func alterOption(a *catalog.Alteration, kind catalog.Kind, reset bool, o ast.Option) error {
	if check := storageOption(kind, o.Name); check != nil {
		return alterStorage(a, check, reset, o)
	}
	def, known := topicOptions[o.Name]
	switch {
	case o.Name == "partitions" || o.Name == "topic" || known && def.fixed:
		return pgerr.New(pgerr.InvalidParameterValue, "option %q cannot be changed", o.Name).At(o.Pos)
	case !known:
		return refuseOption(o)
	case reset:
		def.reset(&a.After, catalog.DefaultConfig(kind))
		delete(a.Options, o.Name)
		return nil
	}
	if err := def.set(&a.After, o); err != nil {
		return err
	}
	a.Options[o.Name], _ = optionText(o)
	return checkConfig(kind, a.After, o)
}

func alterStorage(a *catalog.Alteration, check func(ast.Option) error, reset bool, o ast.Option) error {
	if reset {
		delete(a.Options, o.Name)
		return nil
	}
	a.Options[o.Name], _ = optionText(o)
	return check(o)
}
