package session

import (
	"context"
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Prepared is a parsed statement with its plan, which is made once per version of the catalog and of the settings.
type Prepared struct {
	name     string
	parsed   parse.Parsed
	declared []types.Type // of the parameters, as the client gave them; invalid: to be inferred
	fields   []plan.Field // as described to the client

	command    *command
	version    planVersion // of the catalog that command was planned against
	generation uint64      // of the settings
}

// Prepare parses sql and keeps it under name; "" is the unnamed statement, which is replaced. oids are the parameters'
// types as far as the client knows them, 0 where it does not.
func (s *Session) Prepare(ctx context.Context, name, sql string, oids []uint32) (_ *Prepared, err error) {
	defer s.recover(&err)
	declared, err := s.typesOf(oids)
	if err != nil {
		return nil, err
	}
	if name == "" {
		delete(s.prepared, name) // as PostgreSQL: gone even if what follows fails
	}
	parsed, err := parse.ParseOne(sql)
	if err != nil {
		return nil, err
	}
	return s.PrepareParsed(ctx, name, parsed, declared)
}

func (s *Session) typesOf(oids []uint32) ([]types.Type, error) {
	ts := make([]types.Type, len(oids))
	for i, oid := range oids {
		if oid == 0 || oid == types.Unknown.OID() {
			continue
		}
		t, ok := s.catalog().TypeByOID(oid)
		if !ok {
			return nil, pgerr.Unsupported("type with OID %d of parameter $%d is", oid, i+1)
		}
		ts[i] = t
	}
	return ts, nil
}

// PrepareParsed is Prepare of a statement that is parsed already.
func (s *Session) PrepareParsed(ctx context.Context, name string, parsed parse.Parsed, declared []types.Type) (_ *Prepared, err error) {
	defer s.recover(&err)
	if err := s.admit(parsed.Stmt); err != nil {
		return nil, err
	}
	if name != "" {
		if s.prepared[name] != nil {
			return nil, pgerr.New(pgerr.DuplicatePreparedStatement, "prepared statement %q already exists", name)
		}
		if len(s.prepared) >= maxPrepared {
			return nil, pgerr.New(pgerr.ProgramLimitExceeded, "too many prepared statements")
		}
	}
	for _, n := range parsed.Notices {
		s.notice("NOTICE", n)
	}
	p := &Prepared{name: name, parsed: parsed, declared: declared}
	if err := s.refresh(ctx, p); err != nil {
		return nil, err
	}
	p.fields = p.command.fields
	s.prepared[name] = p
	return p, nil
}

// refresh plans p again if the catalog or the settings changed since it was planned.
func (s *Session) refresh(ctx context.Context, p *Prepared) error {
	cat := s.catalog()
	if p.command != nil && p.version == s.planVersion(cat) && p.generation == s.settings.generation && !p.command.volatile {
		return nil
	}
	cmd, err := s.compile(ctx, cat, p.parsed, p.declared)
	if err != nil {
		return userError(ctx, err)
	}
	if p.command != nil && !sameTypes(p.fields, cmd.fields) {
		return pgerr.New(pgerr.FeatureNotSupported, "cached plan must not change result type")
	}
	p.command, p.version, p.generation = cmd, s.planVersion(cat), s.settings.generation
	return nil
}

func sameTypes(a, b []plan.Field) bool {
	return slices.EqualFunc(a, b, func(x, y plan.Field) bool { return x.Name == y.Name && x.Type == y.Type })
}

// Name returns the name under which p was prepared.
func (p *Prepared) Name() string { return p.name }

// Params returns the types of the parameters.
func (p *Prepared) Params() []types.Type { return p.command.params }

// Fields returns the columns of the result; nil if the statement returns no rows.
func (p *Prepared) Fields() []plan.Field { return p.fields }

// Statement returns the prepared statement name. Errors: 26000.
func (s *Session) Statement(name string) (*Prepared, error) {
	p := s.prepared[name]
	if p == nil {
		return nil, noStatement(name)
	}
	return p, nil
}

func noStatement(name string) error {
	if name == "" {
		return pgerr.New(pgerr.InvalidSQLStatementName, "unnamed prepared statement does not exist")
	}
	return pgerr.New(pgerr.InvalidSQLStatementName, "prepared statement %q does not exist", name)
}

// Describe plans p anew if need be and returns what Params and Fields then are. Errors: 25P02 in a failed block.
func (s *Session) Describe(ctx context.Context, p *Prepared) (err error) {
	defer s.recover(&err)
	switch {
	case !s.failed():
		return s.refresh(ctx, p)
	case p.fields != nil:
		return errFailedBlock()
	}
	return nil
}

// CloseStatement forgets a prepared statement; it is no error if there is none.
func (s *Session) CloseStatement(name string) { delete(s.prepared, name) }

// admit refuses everything but the end of the block in a failed block.
func (s *Session) admit(stmt ast.Statement) error {
	if s.failed() && !endsBlock(stmt) {
		return errFailedBlock()
	}
	return nil
}

func errFailedBlock() error {
	return pgerr.New(pgerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
}

func endsBlock(stmt ast.Statement) bool {
	switch t := stmt.(type) {
	case *ast.Empty:
		return true
	case *ast.Transaction:
		return t.Verb == "commit" || t.Verb == "rollback" || t.Verb == "rollback to"
	}
	return false
}
