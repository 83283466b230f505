package state

import "github.com/linxGnu/grocksdb"

// maxSampled bounds the entries that RangeBytes reads of a range that has nothing in files.
const maxSampled = 1024

// Sizer estimates the bytes that the keys in [from, to) take.
type Sizer interface{ RangeBytes(from, to []byte) int64 }

var _ Sizer = (*RocksDB)(nil)

// RangeBytes implements Sizer: what files have, compressed, to a block; keys that were deleted or replaced count until RocksDB has merged
// them away. What is not flushed yet is not in it, unless nothing is: then the first maxSampled entries count. 0 if the store is closed.
func (r *RocksDB) RangeBytes(from, to []byte) int64 {
	if !r.acquire() {
		return 0
	}
	defer r.release()
	sizes, err := r.db.GetApproximateSizes([]grocksdb.Range{{Start: from, Limit: to}})
	if err != nil {
		return 0 // a scan will tell why
	}
	if sizes[0] > 0 {
		return int64(sizes[0])
	}
	return sampleBytes(newRocksIterator(r, nil, from, to, false))
}

func sampleBytes(it Iterator) (n int64) {
	for i := 0; i < maxSampled && it.Next(); i++ {
		n += int64(len(it.Key()) + len(it.Value()))
	}
	_ = it.Close()
	return n
}

// RangeBytes implements Sizer for what is on disk.
func (s *Split) RangeBytes(from, to []byte) int64 {
	if d, ok := s.disk.(Sizer); ok {
		return d.RangeBytes(from, to)
	}
	return 0
}
