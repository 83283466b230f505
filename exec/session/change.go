package session

import (
	"context"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
)

// change returns the command of a statement that changes the catalog: plan makes the change, against the newest catalog
// and again as long as that is outdated when it gets there; nil: there is nothing to change. What it has to tell it
// returns as a function, to be called once the change is made.
func (c *compiler) change(tag string, plan func(c *compiler) (ch *catalog.Change, tell func(), err error)) *command {
	s := c.session
	return &command{class: classDDL, start: func(ctx context.Context, p *Portal) error {
		if err := s.beforeDDL(tag); err != nil {
			return err
		}
		err := s.retryCatalog(ctx, func(cat *catalog.Catalog) error {
			ch, tell, err := plan(&compiler{session: s, ctx: ctx, catalog: cat, parsed: c.parsed})
			if err == nil && ch != nil {
				ch.Version = cat.Version()
				err = s.apply(ctx, catalog.Command{Change: ch})
			}
			if err == nil && tell != nil {
				tell()
			}
			return err
		})
		if err != nil {
			return err
		}
		return p.finish(tag)
	}}
}

// createView is CREATE [OR REPLACE] VIEW.
func (c *compiler) createView(t *ast.CreateQuery) (*command, error) {
	return c.change("CREATE VIEW", func(c *compiler) (*catalog.Change, func(), error) {
		rel, err := planner.PlanCreateView(t, c.plannerEnv())
		if err != nil {
			return nil, nil, err
		}
		if c.catalog.ByID(rel.ID) == nil {
			c.own([]*catalog.Relation{rel})
		} else if err := c.allowOwner(rel); err != nil {
			return nil, nil, err
		}
		return &catalog.Change{Put: []*catalog.Relation{rel}}, nil, nil
	}), nil
}
