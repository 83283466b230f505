package exec

import (
	"context"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// References is what a statement leaves to be looked at when its writes can be read: keys that are gone, and to which rows of other
// tables may refer, and rows that refer to what may be written by the statement itself.
type References struct {
	gone    []*GoneKeys
	pending []pendingRows
}

// GoneKeys are keys, to which a foreign key refers, that rows have lost: by being deleted, or changed, then Changed has what the values are now.
type GoneKeys struct {
	catalog.Reference
	Parent  *catalog.Relation
	Keys    *types.Batch // the columns referred to, in the order of the foreign key
	Changed *types.Batch // nil: the rows are deleted
}

// pendingRows are rows of a table that refer to what was not there before the statement.
type pendingRows struct {
	rel  *catalog.Relation
	rows *types.Batch
}

// Take returns the keys that are gone, and forgets them.
func (r *References) Take() []*GoneKeys {
	gone := r.gone
	r.gone = nil
	return gone
}

// Pending reports whether rows are left whose keys were not there.
func (r *References) Pending() bool { return len(r.pending) > 0 }

// PendingOf lists the tables of those rows.
func (r *References) PendingOf() (out []*catalog.Relation) {
	for _, p := range r.pending {
		out = append(out, p.rel)
	}
	return out
}

// CheckPending looks, in env's snapshot, for what those rows refer to, and puts checks of what is there into tx. Error: 23503.
func (r *References) CheckPending(ctx context.Context, env *Env, tx Tx) error {
	env.begin()
	for _, p := range r.pending {
		k := newForeignKeys(p.rel, env, tx)
		if err := k.check(ctx, p.rows, numbers(p.rows.Len), nil); err != nil {
			return err
		}
		if err := k.finish(ctx); err != nil {
			return err
		}
	}
	r.pending = nil
	return nil
}

// goneKeys notes which keys of a table's rows go, for each foreign key that refers to it.
type goneKeys []*goneKey

type goneKey struct {
	deleted, changed GoneKeys
	to               *References
	mem              account
}

func newGoneKeys(rel *catalog.Relation, env *Env) (out goneKeys) {
	if env.References == nil || len(rel.ReferencedBy) == 0 {
		return nil
	}
	for _, ref := range env.Catalog.References(rel) {
		ts := make([]types.Type, len(ref.Referenced))
		for i, c := range ref.Referenced {
			ts[i] = rel.Columns[c].Type
		}
		both := GoneKeys{Reference: ref, Parent: rel}
		g := &goneKey{deleted: both, changed: both, to: env.References, mem: env.account("keys that are referred to")}
		g.deleted.Keys, g.changed.Keys, g.changed.Changed = types.NewBatch(ts, 0), types.NewBatch(ts, 0), types.NewBatch(ts, 0)
		out = append(out, g)
	}
	return out
}

// deleted notes that row i of b goes.
func (gs goneKeys) deleted(b *types.Batch, i int) error {
	for _, g := range gs {
		if err := g.add(&g.deleted, b, nil, i); err != nil {
			return err
		}
	}
	return nil
}

// changed notes that row i of before becomes that of after.
func (gs goneKeys) changed(before, after *types.Batch, i int) error {
	for _, g := range gs {
		old := types.EncodeKey(nil, before, g.changed.Referenced, i)
		if string(types.EncodeKey(nil, after, g.changed.Referenced, i)) == string(old) {
			continue
		}
		if err := g.add(&g.changed, before, after, i); err != nil {
			return err
		}
	}
	return nil
}

// add notes the key of row i of before, to which nobody refers if a part of it is NULL.
func (g *goneKey) add(to *GoneKeys, before, after *types.Batch, i int) error {
	for _, c := range to.Referenced {
		if before.Cols[c].IsNull(i) {
			return nil
		}
	}
	if to.Keys.Len == 0 {
		g.to.gone = append(g.to.gone, to)
	}
	appendColumns(to.Keys, before, to.Referenced, i)
	size := batchBytes(to.Keys, to.Keys.Len-1, to.Keys.Len)
	if after != nil {
		appendColumns(to.Changed, after, to.Referenced, i)
		size *= 2
	}
	return g.mem.grow(size)
}

// appendColumns appends the columns of row i of b.
func appendColumns(to, b *types.Batch, columns []int, i int) {
	row := &types.Batch{Len: b.Len}
	for _, c := range columns {
		row.Cols = append(row.Cols, b.Cols[c])
	}
	to.AppendFrom(row, i, 1)
}

// Absent returns the keys without those that rows have again, or others, in the snapshot r.
func (g *GoneKeys) Absent(r Reader, cat *catalog.Catalog) (*GoneKeys, error) {
	rel, columns := g.Key(cat)
	out := *g
	out.Keys, out.Changed = types.NewBatch(batchTypes(g.Keys), 0), nil
	var key []byte
	for i := range g.Keys.Len {
		key = key[:0]
		for _, c := range columns {
			if v := g.Keys.Cols[c.Column]; g.Index != 0 {
				key = types.EncodeOrder(key, v, i, c.Desc, c.NullsFirst)
			} else {
				key = types.EncodeKeyValue(key, v, i)
			}
		}
		there, err := readRow(r, rel, key)
		if err != nil {
			return nil, err
		}
		if there.row == nil {
			out.Keys.AppendFrom(g.Keys, i, 1)
		}
	}
	return &out, nil
}

func batchTypes(b *types.Batch) []types.Type {
	ts := make([]types.Type, len(b.Cols))
	for i, v := range b.Cols {
		ts[i] = v.Type
	}
	return ts
}

// StillReferenced is 23503 for the first key, to which a row refers.
func (g *GoneKeys) StillReferenced(env *Env) error {
	err := pgerr.New(pgerr.ForeignKeyViolation, "update or delete on table %q violates foreign key constraint %q on table %q", g.Parent.Name, g.Name, g.Child.Name).
		WithDetail("Key %s is still referenced from table %q.", describeKey(g.Parent, g.Referenced, g.whole(), 0, env), g.Child.Name)
	err.Schema, err.Table, err.Constraint = g.Child.Schema, g.Child.Name, g.Name
	return err
}

// whole gives the keys the places that their columns have in the table.
func (g *GoneKeys) whole() *types.Batch {
	b := &types.Batch{Len: g.Keys.Len, Cols: make([]*types.Vector, len(g.Parent.Columns))}
	for i, c := range g.Referenced {
		b.Cols[c] = g.Keys.Cols[i]
	}
	return b
}
