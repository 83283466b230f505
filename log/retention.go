package log

// RetentionPoint returns the offset before which nothing needs to be kept: DropBefore of it removes the oldest segments
// whose batches are all older than retentionMillis at nowMillis, and those without which at least retentionBytes are left.
// A limit that is not above 0 is none. The active segment always stays. It only reads: the owner decides and drops.
func (p *Partition) RetentionPoint(nowMillis, retentionMillis, retentionBytes int64) Offset {
	v := p.view.Load()
	left := v.active.size
	for _, s := range v.sealed {
		left += s.size
	}
	for _, s := range v.sealed {
		left -= s.size
		surplus := retentionBytes > 0 && left >= retentionBytes
		if !surplus && !older(s.maxTime, nowMillis, retentionMillis) {
			return s.seg.base
		}
	}
	return v.active.seg.base
}
