package session

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// dropWithSequences returns the change that drops ids together with the sequences of their serial and identity columns, and
// takes the defaults away that count by a sequence that goes, if cascade allows it; nil if no sequence is touched, and
// what goes beside. Error: 2BP01.
func (c *compiler) dropWithSequences(ids []catalog.RelationID, cascade bool) (*catalog.Change, []string, error) {
	ch := &catalog.Change{Drop: slices.Clone(ids)}
	touched := false
	for _, id := range ids {
		for _, q := range c.catalog.OwnedSequences(id) {
			touched = true
			if !slices.Contains(ch.Drop, q.ID) {
				ch.Drop = append(ch.Drop, q.ID)
			}
		}
	}
	var cascaded []string
	for _, id := range ch.Drop {
		q := c.catalog.ByID(id)
		if q.Sequence == nil {
			continue
		}
		touched = true
		for _, user := range c.catalog.SequenceUsers(id) {
			if slices.Contains(ch.Drop, user.ID) {
				continue
			}
			if at := slices.IndexFunc(ch.Put, func(r *catalog.Relation) bool { return r.ID == user.ID }); at >= 0 {
				user = ch.Put[at]
				ch.Put = slices.Delete(ch.Put, at, at+1)
			}
			without, gone, err := withoutSequence(user, q, cascade)
			if err != nil {
				return nil, nil, err
			}
			ch.Put, cascaded = append(ch.Put, without), append(cascaded, gone...)
		}
	}
	if !touched {
		return nil, nil, nil
	}
	return ch, cascaded, nil
}

// withoutSequence returns r without the defaults that count by q, and what those are called. Error: 2BP01.
func withoutSequence(r, q *catalog.Relation, cascade bool) (*catalog.Relation, []string, error) {
	n := *r
	n.Columns = slices.Clone(r.Columns)
	var gone, lines []string
	required := ""
	for i := range n.Columns {
		col := &n.Columns[i]
		if col.Sequence != q.ID {
			continue
		}
		if col.Identity != "" {
			required = col.Name
		}
		what := "default value for column " + col.Name + " of " + r.Word() + " " + r.Name
		gone, lines = append(gone, what), append(lines, what+" depends on sequence "+q.Name)
		col.Default, col.Sequence = "", 0
	}
	switch {
	case required != "":
		return nil, nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop sequence %s because column %s of table %s requires it", q.Name, required, r.Name).
			WithHint("You can drop column %s of table %s instead.", required, r.Name)
	case !cascade:
		return nil, nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop sequence %s because other objects depend on it", q.Name).
			WithDetail("%s", strings.Join(lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	return &n, gone, nil
}
