package log

import "fmt"

// timesCheck compares the entries of a time index, in order, with the batches that a scan meets.
type timesCheck struct {
	seg     *recovered
	entries []indexEntry
	n       int // entries[:n] were looked at
	max     int64
	broken  bool // the scan met damage: what follows cannot be compared
	report  func(Finding)
}

// times looks at a segment's time index file. Damage is harmless unless the file was synced: it is made anew from the
// segment. So is a file that is missing: older versions did not write it.
func (v *verifier) times(s *recovered, synced bool) (*timesCheck, error) {
	x := &timesCheck{seg: s, max: noTime, report: v.report}
	if s.compacted != nil {
		return x, nil // the next open makes its indexes
	}
	var size int64
	var err error
	if x.entries, size, err = timeIndex.readFile(v.p.fs, s.times, s.base); err != nil {
		return nil, err
	}
	if valid := int64(indexHeaderBytes + len(x.entries)*indexEntryBytes); size > 0 && size != valid || size > 0 && x.entries == nil {
		at := valid
		if x.entries == nil {
			at = 0
		}
		v.report(Finding{File: s.times, Position: at, Harmless: !synced, Reason: "the time index does not verify"})
	}
	return x, nil
}

// batch is called with each batch.
func (x *timesCheck) batch(b Batch) {
	x.boundary(b.BaseOffset())
	x.max = max(x.max, b.MaxTimestamp())
}

// boundary is called with the beginning of each batch, and the end of the last.
func (x *timesCheck) boundary(off Offset) {
	for ; x.n < len(x.entries) && x.entries[x.n].off <= off && !x.broken; x.n++ {
		if e := x.entries[x.n]; e != (indexEntry{off: off, pos: x.max}) {
			x.report(Finding{
				File: x.seg.times, Position: int64(indexHeaderBytes + x.n*indexEntryBytes),
				Reason: fmt.Sprintf("the entry says that %d is the greatest time below offset %d, which is %d at offset %d", e.pos, e.off, x.max, off),
			})
		}
	}
}
