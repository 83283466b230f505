package pg

import (
	"context"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/sql/parse"
)

// simple works on a Query message: each statement is prepared, bound and executed as the unnamed portal, as the extended
// protocol does it. Several statements are one transaction, unless they say otherwise ("PostgreSQL 15 docs 55.2.2.1").
func (c *conn) simple(m message) {
	forget := func() {
		c.session.CloseStatement("")
		c.session.ClosePortal("")
	}
	forget()
	if err := c.guarded(func() error { return c.script(m) }); err != nil {
		c.failed(err)
	}
	forget() // they are of the extended protocol
	c.sync()
}

func (c *conn) script(m message) error {
	query, err := m.decode()
	if err != nil {
		return err
	}
	statements, err := c.session.Parse(query.(*pgproto3.Query).String)
	if err != nil {
		return err
	}
	if len(statements) == 0 {
		c.out.send(&pgproto3.EmptyQueryResponse{})
	}
	if len(statements) > 1 {
		c.session.Pipeline()
	}
	for i, s := range statements {
		if err := c.statement(s, i == len(statements)-1); err != nil {
			return err
		}
		if len(statements) > 1 {
			c.session.Pipeline() // COMMIT may have ended the transaction: the next one begins
		}
	}
	return nil
}

// statement runs one statement of a Query message. The transaction of the message is committed before the last one's
// completion is told.
func (c *conn) statement(parsed parse.Parsed, last bool) error {
	prepared, err := c.session.PrepareParsed(context.Background(), "", parsed, nil)
	if err != nil {
		return err
	}
	if n := len(prepared.Params()); n > 0 {
		return noParameter(parsed)
	}
	portal, err := c.session.Bind(context.Background(), "", prepared, nil)
	if err != nil {
		return err
	}
	if fields := portal.Fields(); fields != nil {
		c.out.send(rowDescription(fields, nil))
	}
	return c.execute(portal, execution{commit: last})
}
