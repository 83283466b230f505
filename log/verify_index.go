package log

import "fmt"

// indexCheck compares the entries of an index, in order, with the batches that a scan meets.
type indexCheck struct {
	seg     *recovered
	entries []indexEntry
	n       int // entries[:n] were looked at
	report  func(Finding)
}

// index looks at a segment's index file. Damage is harmless unless the index was synced: it is made anew from the segment. The
// oldest segment may have none: DropBefore removes the index first.
func (v *verifier) index(s *recovered, synced bool) *indexCheck {
	at, reason := int64(0), ""
	switch valid := int64(indexHeaderBytes + len(s.entries)*indexEntryBytes); {
	case s.indexSize == 0:
		reason = "the index is missing or empty"
		synced = synced && s.base != v.sum.Start
	case s.entries == nil:
		reason = "the header of the index does not verify"
	case s.indexSize > valid:
		at, reason = valid, "an entry of the index does not verify"
	}
	if reason != "" {
		v.report(Finding{File: s.index, Position: at, Harmless: !synced, Reason: reason})
	}
	return &indexCheck{seg: s, entries: s.entries, report: v.report}
}

// boundary is called with the beginning of each batch.
func (x *indexCheck) boundary(at indexEntry) {
	for x.n < len(x.entries) && x.entries[x.n].pos <= at.pos {
		if e := x.entries[x.n]; e != at {
			x.wrong(e)
		}
		x.n++
	}
}

// skip passes over entries that point into damage.
func (x *indexCheck) skip(pos int64) {
	for x.n < len(x.entries) && x.entries[x.n].pos < pos {
		x.n++
	}
}

// end is called with the segment's end, which the last entry may name. An entry beyond it in both offset and position is
// right: it is the segment that lost its end.
func (x *indexCheck) end(at indexEntry) {
	x.boundary(at)
	for ; x.n < len(x.entries); x.n++ {
		if e := x.entries[x.n]; e.off <= at.off {
			x.wrong(e)
		}
	}
}

func (x *indexCheck) wrong(e indexEntry) {
	at := int64(indexHeaderBytes + x.n*indexEntryBytes)
	x.report(Finding{File: x.seg.index, Position: at, Reason: fmt.Sprintf("the entry says that batch %d begins at %d, which it does not", e.off, e.pos)})
}
