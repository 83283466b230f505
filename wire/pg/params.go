package pg

import (
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// parameters reads the parameters of a Bind message, each in its format, as values of the statement's types.
func (c *conn) parameters(m *pgproto3.Bind, prepared *session.Prepared) ([]types.Datum, error) {
	want := prepared.Params()
	if n := len(m.ParameterFormatCodes); n > 1 && n != len(m.Parameters) {
		return nil, protocolViolation("bind message has %d parameter formats but %d parameters", n, len(m.Parameters))
	}
	if len(m.Parameters) != len(want) {
		return nil, protocolViolation("bind message supplies %d parameters, but prepared statement %q requires %d",
			len(m.Parameters), prepared.Name(), len(want))
	}
	binary, err := formats(m.ParameterFormatCodes, len(want))
	if err != nil {
		i := slices.IndexFunc(m.ParameterFormatCodes, func(code int16) bool { return code != pgproto3.TextFormat && code != pgproto3.BinaryFormat })
		return nil, parameterError(err, m.DestinationPortal, i, true)
	}
	values, scope := make([]types.Datum, len(want)), c.session.Scope()
	for i, raw := range m.Parameters {
		if values[i], err = parameter(want[i], raw, binary[i], scope); err != nil {
			return nil, parameterError(err, m.DestinationPortal, i, binary[i])
		}
	}
	return values, nil
}

// parameterError says of which parameter an error is.
func parameterError(err error, portal string, i int, binary bool) error {
	e := *pgerr.From(err)
	e.Where = fmt.Sprintf("unnamed portal parameter $%d", i+1)
	if portal != "" {
		e.Where = fmt.Sprintf("portal %q parameter $%d", portal, i+1)
	}
	if !binary {
		e.Where += " = '...'"
	}
	return &e
}

func parameter(t types.Type, raw []byte, binary bool, scope types.Scope) (types.Datum, error) {
	if raw == nil {
		return types.NullDatum, nil
	}
	if !binary || t.IsString() {
		if err := types.CheckTextBytes(raw); err != nil {
			return types.Datum{}, err
		}
	}
	if binary {
		return types.ParseBinary(t, raw, scope)
	}
	return types.ParseText(t, string(raw), scope)
}
