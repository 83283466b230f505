package log

// Offset numbers the records of a partition, from 0, without gaps. Compaction takes records out and leaves the others their
// offsets.
type Offset int64

// Header is a name and a value that travel with a record. A nil Value is null.
type Header struct {
	Key   string
	Value []byte
}

// Record is one record of a partition. A nil Key or Value is null; a null value under a key is a tombstone.
type Record struct {
	Offset          Offset
	TimestampMillis int64 // since 1970, UTC
	Key, Value      []byte
	Headers         []Header
}
