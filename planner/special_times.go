package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// specialTimes are the texts that stand for a time that depends on when they are read (docs table 8.13), as days from today;
// "now" is apart.
var specialTimes = map[string]int64{"now": 0, "today": 0, "tomorrow": 1, "yesterday": -1}

// specialTime binds a literal such as 'today' as what it stands for when the statement runs; nil if text is none. Where an
// expression is kept (a view, a default) it would stand for the time of the definition, and is refused by who reads it.
func (b *binder) specialTime(text string, to types.Type, pos int) (*plan.Expr, error) {
	word := strings.ToLower(strings.Trim(text, " \t\n\r\f\v"))
	days, ok := specialTimes[word]
	if !ok || !b.clock {
		return nil, nil
	}
	source := "current_date"
	switch to.ID {
	case types.IDDate:
	case types.IDTimestamp, types.IDTimestamptz:
		if word == "now" {
			source = "now"
		}
	case types.IDTime:
		if word != "now" {
			return nil, nil
		}
		source = "localtime"
	default:
		return nil, nil
	}
	x, err := b.resolveCall(source, nil, pos)
	if err == nil && days != 0 {
		x, err = b.operator("+", x, constAt(types.Int4, types.IntDatum(days), pos), pos)
	}
	if err != nil {
		return nil, err
	}
	return b.mustCast(x, to, funcs.CastExplicit)
}
