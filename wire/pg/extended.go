package pg

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
)

// extended works on a message of the extended protocol ("PostgreSQL 15 docs 55.2.3"). After an error the messages up to
// Sync are skipped.
func (c *conn) extended(m message) error {
	decoded, err := m.decode()
	if err != nil {
		return err
	}
	switch m := decoded.(type) {
	case *pgproto3.Parse:
		return c.parse(m)
	case *pgproto3.Bind:
		return c.bind(m)
	case *pgproto3.Describe:
		return c.describe(m)
	case *pgproto3.Execute:
		return c.executeMessage(m)
	case *pgproto3.Close:
		return c.close(m)
	case *pgproto3.FunctionCall:
		return pgerr.Unsupported("function call messages are")
	}
	c.closing = true
	return protocolViolation("unexpected message type 0x%02X", byte(m.kind))
}

func (c *conn) parse(m *pgproto3.Parse) error {
	if _, err := c.session.Prepare(context.Background(), m.Name, m.Query, m.ParameterOIDs); err != nil {
		return err
	}
	c.out.send(&pgproto3.ParseComplete{})
	return nil
}

func (c *conn) bind(m *pgproto3.Bind) error {
	prepared, err := c.session.Statement(m.PreparedStatement)
	if err != nil {
		return err
	}
	params, err := c.parameters(m, prepared)
	if err != nil {
		return err
	}
	if err := checkResultFormats(m.ResultFormatCodes, len(prepared.Fields())); err != nil {
		return err
	}
	portal, err := c.session.Bind(context.Background(), m.DestinationPortal, prepared, params)
	if err != nil {
		return err
	}
	portal.Formats = m.ResultFormatCodes
	c.out.send(&pgproto3.BindComplete{})
	return nil
}

// checkResultFormats looks at their number; what they are is looked at when the portal runs, as in PostgreSQL.
func checkResultFormats(codes []int16, columns int) error {
	if len(codes) > 1 && len(codes) != columns {
		return protocolViolation("bind message has %d result formats but query has %d columns", len(codes), columns)
	}
	return nil
}

// describe answers with the parameters' types, of a statement, and the columns of the result.
func (c *conn) describe(m *pgproto3.Describe) error {
	switch m.ObjectType {
	case 'S':
		prepared, err := c.session.Statement(m.Name)
		if err != nil {
			return err
		}
		if err := c.session.Describe(context.Background(), prepared); err != nil {
			return err
		}
		description := &pgproto3.ParameterDescription{}
		for _, t := range prepared.Params() {
			description.ParameterOIDs = append(description.ParameterOIDs, t.OID())
		}
		c.out.send(description)
		c.sendFields(prepared.Fields(), nil)
		return nil
	case 'P':
		portal, err := c.session.Portal(m.Name)
		if err != nil {
			return err
		}
		c.sendFields(portal.Fields(), portal.Formats)
		return nil
	}
	return protocolViolation("invalid DESCRIBE message subtype %d", m.ObjectType)
}

func (c *conn) sendFields(fields []plan.Field, formats []int16) {
	if fields == nil {
		c.out.send(&pgproto3.NoData{})
		return
	}
	c.out.send(rowDescription(fields, formats))
}

func rowDescription(fields []plan.Field, codes []int16) *pgproto3.RowDescription {
	d := &pgproto3.RowDescription{Fields: make([]pgproto3.FieldDescription, len(fields))}
	for i, f := range fields {
		d.Fields[i] = pgproto3.FieldDescription{Name: []byte(f.Name), TableOID: uint32(f.Relation),
			TableAttributeNumber: uint16(f.Attribute), DataTypeOID: f.Type.OID(), DataTypeSize: f.Type.Size(),
			TypeModifier: f.Type.Modifier()}
		switch {
		case len(codes) == 1:
			d.Fields[i].Format = codes[0]
		case len(codes) > 1:
			d.Fields[i].Format = codes[i]
		}
	}
	return d
}

func (c *conn) executeMessage(m *pgproto3.Execute) error {
	portal, err := c.session.Portal(m.Portal)
	if err != nil {
		return err
	}
	c.pipeline(portal)
	return c.execute(portal, execution{maxRows: int(min(m.MaxRows, 1<<30))})
}

// pipeline finds out whether a statement that writes is followed by more before Sync: then they are one transaction. It
// may wait for the next message: before one has come the client cannot expect an answer.
func (c *conn) pipeline(portal *session.Portal) {
	if portal.Writes() && portal.Copy() == nil && c.session.TxStatus() == 'I' && !c.in.peekSync() {
		c.session.Pipeline()
	}
}

func (c *conn) close(m *pgproto3.Close) error {
	switch m.ObjectType {
	case 'S':
		c.session.CloseStatement(m.Name)
	case 'P':
		c.session.ClosePortal(m.Name)
	default:
		return protocolViolation("invalid CLOSE message subtype %d", m.ObjectType)
	}
	c.out.send(&pgproto3.CloseComplete{})
	return nil
}

// noParameter is what $1 in a Query message is: there is nothing to bind it to.
func noParameter(parsed parse.Parsed) error {
	err := pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", max(parsed.NumParams, 1))
	if at := strings.Index(parsed.Text, fmt.Sprintf("$%d", parsed.NumParams)); at >= 0 {
		err.Position = parsed.Start + utf8.RuneCountInString(parsed.Text[:at]) + 1
	}
	return err
}
