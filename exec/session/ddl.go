package session

import (
	"context"
	"errors"
	"strings"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// maxCatalogAttempts bounds how often DDL is planned anew because the catalog changed meanwhile.
const maxCatalogAttempts = 100

// creation is a CREATE, planned against whatever the catalog is when it runs.
type creation struct {
	name        ast.Name
	ifNotExists bool
	options     []ast.Option
	tag         string
	// plan makes the relation and then what comes with it, and changes others.
	plan    func(env *planner.Env) (created, changed []*catalog.Relation, err error)
	wait    bool // for the backfill
	replace bool // OR REPLACE
}

// createRelation is CREATE TOPIC, and CREATE STREAM and CREATE TABLE with columns.
func (c *compiler) createRelation(t *ast.CreateRelation) (*command, error) {
	return c.create(&creation{name: t.Name, ifNotExists: t.IfNotExists, options: t.Options, tag: "CREATE " + upper(t.Kind),
		plan: func(env *planner.Env) (created, changed []*catalog.Relation, err error) {
			return planner.PlanCreate(t, env, c.session.engine.Placement)
		}})
}

// createQuery is CREATE STREAM, TABLE and MATERIALIZED VIEW … AS.
func (c *compiler) createQuery(t *ast.CreateQuery) (*command, error) {
	stmt := *t
	wait, err := takeWait(&stmt.Options)
	if err != nil {
		return nil, err
	}
	t = &stmt
	return c.create(&creation{name: t.Name, ifNotExists: t.IfNotExists, options: t.Options, tag: createTag(t.Kind, c.parsed.Text), replace: t.OrReplace, wait: wait,
		plan: func(env *planner.Env) (created, changed []*catalog.Relation, err error) {
			rel, err := planner.PlanCreateQuery(t, env, env.Catalog.NextID(), c.session.engine.Placement)
			return []*catalog.Relation{rel}, nil, err
		}})
}

// createTag tells CREATE MATERIALIZED VIEW from CREATE TABLE … AS, which mean the same.
func createTag(kind, text string) string {
	words := strings.Fields(strings.Replace(upper(text), "OR REPLACE ", "", 1))
	if kind == "table" && len(words) > 1 && words[1] == "MATERIALIZED" {
		return "CREATE MATERIALIZED VIEW"
	}
	return "CREATE " + upper(kind)
}

// create returns the command of a CREATE. It is planned once here, so that errors show at once and cost nothing.
func (c *compiler) create(cr *creation) (*command, error) {
	s := c.session
	if c.existing(cr.name) == nil || cr.replace {
		if _, _, err := cr.plan(c.plannerEnv()); err != nil {
			return nil, err
		}
	}
	return &command{class: classDDL, start: func(ctx context.Context, p *Portal) error {
		if err := s.beforeDDL(cr.tag); err != nil {
			return err
		}
		if cr.wait {
			if err := s.beforeWait(ctx, cr.tag); err != nil {
				return err
			}
		}
		var made *catalog.Relation
		err := s.retryCatalog(ctx, func(cat *catalog.Catalog) (err error) {
			again := &compiler{session: s, ctx: ctx, catalog: cat, parsed: c.parsed}
			made, err = again.createOnce(cr)
			return err
		})
		if err == nil && cr.wait && made != nil {
			err = s.waitBackfill(ctx, made)
		}
		if err != nil {
			return err
		}
		return p.finish(cr.tag)
	}}, nil
}

func (c *compiler) existing(n ast.Name) *catalog.Relation { return planner.Existing(c.plannerEnv(), n) }

// createOnce returns the relation that it has made, nil if one is there and that is no error.
func (c *compiler) createOnce(cr *creation) (*catalog.Relation, error) {
	s := c.session
	if c.existing(cr.name) != nil && !cr.replace {
		if !cr.ifNotExists {
			return nil, pgerr.New(pgerr.DuplicateTable, "relation %q already exists", cr.name.Last())
		}
		s.noticeExists(cr.name)
		return nil, nil
	}
	rels, changed, err := cr.plan(c.plannerEnv())
	if err != nil {
		return nil, err
	}
	c.own(rels)
	if rels[0].Replaces != 0 {
		if !cr.wait {
			s.notef("the version of %q that is there serves until the new one has caught up; WITH (wait = 'backfill') waits for that", rels[0].Name)
		}
		return rels[0], c.replaceView(rels[0])
	}
	cmd := catalog.Command{Create: rels[0]}
	if len(rels)+len(changed) > 1 {
		cmd = catalog.Command{Change: &catalog.Change{Version: c.catalog.Version(), Put: append(rels, changed...)}}
	}
	if err := s.apply(c.ctx, cmd); err != nil {
		return nil, err
	}
	s.noticeReplication(cr.options)
	return rels[0], nil
}

// noticeReplication says that more replicas were asked for than there are nodes.
func (s *Session) noticeReplication(options []ast.Option) {
	for _, o := range options {
		if o.Name == "replication_factor" && optionText(o) != "1" {
			s.notef("replication_factor %s was asked for and 1 is given: there is one node", optionText(o))
		}
	}
}

// beforeDDL refuses DDL in a block that only reads.
func (s *Session) beforeDDL(tag string) error { return s.writable(tag) }

// retryCatalog does something with the newest catalog, again as long as it turns out not to have been the newest.
func (s *Session) retryCatalog(ctx context.Context, do func(*catalog.Catalog) error) error {
	for attempt := 0; ; attempt++ {
		err := do(s.catalog())
		if !errors.Is(err, catalog.ErrStale) && !errors.Is(err, catalog.ErrPending) || attempt == maxCatalogAttempts {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// topology plans a CREATE … AS that is not carried out, or decodes that of a view, for EXPLAIN.
func (c *compiler) topology(t *ast.CreateQuery) (*plan.Topology, error) {
	stmt := *t
	if _, err := takeWait(&stmt.Options); err != nil {
		return nil, err
	}
	rel, err := planner.PlanCreateQuery(&stmt, c.plannerEnv(), c.catalog.NextID(), c.session.engine.Placement)
	if err != nil {
		return nil, err
	}
	return decodeTopology(rel)
}
