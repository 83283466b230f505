package session

import (
	"context"
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// droppable says for each word of DROP which kinds of relations it takes. CREATE TABLE … AS makes a view, so that DROP
// TABLE takes one, too.
var droppable = map[string][]catalog.Kind{
	"stream":            {catalog.KindStream},
	"topic":             {catalog.KindTopic},
	"table":             {catalog.KindTable, catalog.KindView},
	"materialized view": {catalog.KindView},
	"view":              {catalog.KindPlainView},
	"sequence":          {catalog.KindSequence},
	"index":             {catalog.KindIndex},
}

// drop is DROP STREAM, TABLE, TOPIC, VIEW and MATERIALIZED VIEW.
func (c *compiler) drop(t *ast.Drop) (*command, error) {
	switch t.Kind {
	case "schema":
		return c.dropSchemas(t)
	case "type":
		return c.dropTypes(t)
	}
	if _, ok := droppable[t.Kind]; !ok {
		return nil, pgerr.Unsupported("DROP %s is", upper(t.Kind)).At(c.start())
	}
	s, tag := c.session, "DROP "+upper(t.Kind)
	return &command{class: classDDL, start: func(ctx context.Context, p *Portal) error {
		if err := s.beforeDDL(tag); err != nil {
			return err
		}
		err := s.retryCatalog(ctx, func(cat *catalog.Catalog) error {
			again := &compiler{session: s, ctx: ctx, catalog: cat, parsed: c.parsed}
			return again.dropOnce(t)
		})
		if err != nil {
			return err
		}
		return p.finish(tag)
	}}, nil
}

func (c *compiler) dropOnce(t *ast.Drop) error {
	var ids []catalog.RelationID
	var missing []string // as notices
	for _, n := range t.Names {
		r, err := c.dropTarget(t, n)
		if err != nil && t.IfExists && (pgerr.Code(err) == pgerr.UndefinedTable || pgerr.Code(err) == pgerr.UndefinedObject || pgerr.Code(err) == pgerr.InvalidSchemaName) {
			missing = append(missing, pgerr.From(err).Message)
			continue
		}
		if err != nil {
			return err
		}
		ids = appendNew(ids, r.ID)
	}
	var cascaded []*catalog.Relation
	if t.Cascade {
		ids, cascaded = withDependents(c.catalog, ids)
	}
	also, err := c.applyDrop(withIndexes(c.catalog, ids), t.Cascade)
	if err != nil {
		return err
	}
	c.session.noticeMissing(missing)
	var names []string
	for _, r := range cascaded {
		names = append(names, c.called(r))
	}
	c.session.noticeCascade(append(names, also...))
	return nil
}

// applyDrop drops relations, and returns what went beside them.
func (c *compiler) applyDrop(ids []catalog.RelationID, cascade bool) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := c.checkDependents(ids, cascade); err != nil {
		return nil, err
	}
	if _, err := c.catalog.Apply(catalog.Command{Drop: ids}); err != nil {
		return nil, err
	}
	ch, also, err := c.dropWithSequences(ids, cascade)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		for _, name := range c.referencesTo(c.catalog.ByID(id), ids) {
			if !slices.Contains(also, name) {
				also = append(also, name)
			}
		}
	}
	if ch == nil {
		return also, c.session.apply(c.ctx, catalog.Command{Drop: ids})
	}
	ch.Version = c.catalog.Version()
	return also, c.session.apply(c.ctx, catalog.Command{Change: ch})
}

// checkDependents checks that nothing depends on the relations but they themselves. Error: 2BP01.
func (c *compiler) checkDependents(ids []catalog.RelationID, cascade bool) error {
	for _, id := range ids {
		r := c.catalog.ByID(id)
		var lines []string
		for _, d := range c.catalog.Dependents(id) {
			if !slices.Contains(ids, d.ID) {
				lines = append(lines, c.called(d)+" depends on "+c.called(r))
			}
		}
		if !cascade { // else they go
			for _, name := range c.referencesTo(r, ids) {
				lines = append(lines, name+" depends on "+c.called(r))
			}
		}
		if len(lines) > 0 {
			return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s because other objects depend on it", c.called(r)).
				WithDetail("%s", strings.Join(lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
	}
	return nil
}

// referencesTo are the foreign keys that need r, a table or its unique index, as messages call them: without those of tables among ids.
func (c *compiler) referencesTo(r *catalog.Relation, ids []catalog.RelationID) (names []string) {
	table := r
	if r.Index != nil {
		table = c.catalog.ByID(r.Index.Table)
	}
	for _, f := range c.catalog.References(table) {
		if !slices.Contains(ids, f.Child.ID) && (r.Index == nil || f.Index == r.ID) {
			names = append(names, "constraint "+f.Name+" on "+c.called(f.Child))
		}
	}
	return names
}

// dropTarget resolves a name of DROP. Errors: 3F000, 42P01, 42809.
func (c *compiler) dropTarget(t *ast.Drop, n ast.Name) (*catalog.Relation, error) {
	r := c.resolve(n)
	switch {
	case r == nil && t.Kind == "index" && c.keyNamed(n) != nil:
		return nil, requiredIndex(n.Last(), c.keyNamed(n))
	case r == nil:
		return nil, c.noObject(t.Kind, n)
	}
	switch {
	case r.Index != nil && t.Kind == "index":
		return r, c.dropIndex(r)
	case isKind(r, t.Kind):
		return r, c.allowOwner(r)
	}
	return nil, wrongKind(r, t.Kind, "DROP", "remove")
}

// isKind reports whether a statement on objects of the kind takes r.
func isKind(r *catalog.Relation, kind string) bool {
	return slices.Contains(droppable[kind], r.Kind)
}

// wrongKind says which statement to use instead of verb kind, to do what act says.
func wrongKind(r *catalog.Relation, kind, verb, act string) *pgerr.Error {
	return pgerr.New(pgerr.WrongObjectType, "%q is not %s", r.Name, article(kind)).
		WithHint("Use %s %s to %s %s.", verb, upper(r.Word()), act, article(r.Word()))
}

func article(word string) string {
	if strings.HasPrefix(word, "i") {
		return "an " + word
	}
	return "a " + word
}

// resolve looks a name up along search_path.
func (c *compiler) resolve(n ast.Name) *catalog.Relation {
	return planner.Lookup(c.plannerEnv(), n)
}

// noObject is the error of a statement on objects of the kind where there is none of that name. Errors: 3F000, 42P01.
func (c *compiler) noObject(kind string, n ast.Name) error {
	if err := planner.SchemaError(c.plannerEnv(), n); err != nil {
		return err
	}
	code := pgerr.UndefinedTable
	if kind == "index" {
		code = pgerr.UndefinedObject
	}
	return pgerr.New(code, "%s %q does not exist", kind, strings.Join(n.Parts, "."))
}

// called is what messages call r: its kind and its name.
func (c *compiler) called(r *catalog.Relation) string {
	return r.Word() + " " + planner.Qualified(c.plannerEnv(), r)
}

// withDependents adds all that reads ids, directly or not, and returns what was added.
func withDependents(cat *catalog.Catalog, ids []catalog.RelationID) ([]catalog.RelationID, []*catalog.Relation) {
	var added []*catalog.Relation
	for i := 0; i < len(ids); i++ {
		for _, d := range cat.Dependents(ids[i]) {
			if n := len(ids); len(appendNew(ids, d.ID)) > n {
				ids = append(ids, d.ID)
				added = append(added, d)
			}
		}
	}
	return ids, added
}

func appendNew(ids []catalog.RelationID, id catalog.RelationID) []catalog.RelationID {
	for _, x := range ids {
		if x == id {
			return ids
		}
	}
	return append(ids, id)
}

// noticeMissing tells what was passed over, in messages such as table "a" does not exist.
func (s *Session) noticeMissing(messages []string) {
	for _, m := range messages {
		s.notef("%s, skipping", m)
	}
}

// noticeCascade names what went as well, as PostgreSQL does: one in the message, several in the detail.
func (s *Session) noticeCascade(names []string) {
	switch len(names) {
	case 0:
		return
	case 1:
		s.notef("drop cascades to %s", names[0])
		return
	}
	s.notice("NOTICE", pgerr.New(pgerr.SuccessfulCompletion, "drop cascades to %d other objects", len(names)).
		WithDetail("drop cascades to %s", strings.Join(names, "\ndrop cascades to ")))
}
