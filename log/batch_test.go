package log

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// testRecords covers nulls, empties, tombstones, headers and timestamps out of order.
func testRecords() []Record {
	return []Record{
		{TimestampMillis: 1_700_000_000_000, Key: []byte("k1"), Value: []byte("v1")},
		{TimestampMillis: 1_700_000_000_007, Key: []byte("k2"), Value: nil},
		{TimestampMillis: 1_699_999_999_000, Key: nil, Value: []byte{}},
		{TimestampMillis: 1_700_000_100_000, Key: []byte{}, Value: bytes.Repeat([]byte("long "), 100), Headers: []Header{
			{Key: "trace", Value: []byte("abc")}, {Key: "", Value: []byte{}}, {Key: "null", Value: nil},
		}},
		{TimestampMillis: 1_700_000_000_000, Key: []byte("k1"), Value: []byte("v2")},
	}
}

func buildBatch(t testing.TB, base Offset, records ...Record) []byte {
	t.Helper()
	var b BatchBuilder
	for _, r := range records {
		if err := b.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	batch := bytes.Clone(b.Build())
	SetBaseOffset(batch, base)
	return batch
}

func collect(t testing.TB, b Batch) []Record {
	t.Helper()
	var records []Record
	it := b.Records()
	for it.Next() {
		r := it.Record()
		r.Headers = append([]Header(nil), r.Headers...)
		records = append(records, r)
	}
	if it.Err() != nil {
		t.Fatalf("records: %v", it.Err())
	}
	return records
}

// What was built parses to the same records and header fields.
func TestBatchRoundTrip(t *testing.T) {
	var b BatchBuilder
	b.SetProducer(42, 3, 1000)
	for _, r := range testRecords() {
		if err := b.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	raw := append(b.Build(), "behind"...)
	SetBaseOffset(raw, 77)
	batch, rest, err := ParseBatch(raw)
	if err != nil || string(rest) != "behind" {
		t.Fatalf("rest %q, %v", rest, err)
	}
	want := testRecords()
	for i := range want {
		want[i].Offset = 77 + Offset(i)
	}
	if got := collect(t, batch); !reflect.DeepEqual(got, want) {
		t.Errorf("records are %v\nwant %v", got, want)
	}
	got := fmt.Sprint(batch.BaseOffset(), batch.LastOffset(), batch.Count(), batch.BaseTimestamp(), batch.MaxTimestamp(),
		batch.ProducerID(), batch.ProducerEpoch(), batch.BaseSequence(), batch.LeaderEpoch(), batch.Attributes())
	if want := "77 81 5 1700000000000 1700000100000 42 3 1000 -1 0"; got != want {
		t.Errorf("header is %s, want %s", got, want)
	}
	if b.Len() != 5 || b.SizeBytes() != len(raw)-len("behind") {
		t.Errorf("builder says %d records, %d bytes", b.Len(), b.SizeBytes())
	}
}

// A reset builder makes the same batch as a new one, and an empty one makes none.
func TestBatchBuilderReset(t *testing.T) {
	var b BatchBuilder
	if b.Build() != nil {
		t.Error("an empty builder made a batch")
	}
	b.SetProducer(1, 2, 3)
	b.Append(Record{Key: []byte("x"), TimestampMillis: 99})
	b.Build()
	b.Reset()
	for _, r := range testRecords() {
		b.Append(r)
	}
	if !bytes.Equal(b.Build(), buildBatch(t, 0, testRecords()...)) {
		t.Error("a used builder makes another batch than a new one")
	}
	batch, _, err := ParseBatch(b.Build(5))
	if err != nil || batch.MaxTimestamp() != 5 {
		t.Errorf("maximum timestamp is %d, %v", batch.MaxTimestamp(), err)
	}
}

// TestBatchBuilderGrow shows that a builder with room keeps its memory while it is filled, and makes the same batch; and that
// room beyond the largest batch is not taken.
func TestBatchBuilderGrow(t *testing.T) {
	var plain, grown BatchBuilder
	grown.Grow(4 << 10)
	memory := &grown.buf[0]
	for _, r := range testRecords() {
		must(t, plain.Append(r))
		must(t, grown.Append(r))
	}
	if !bytes.Equal(plain.Build(), grown.Build()) || memory != &grown.buf[0] {
		t.Error("another batch, or other memory")
	}
	grown.Grow(1 << 40)
	if cap(grown.buf) > 2*MaxBatchBytes || !bytes.Equal(plain.Build(), grown.Build()) {
		t.Errorf("room for %d bytes, or another batch", cap(grown.buf))
	}
}

// An independent implementation of Kafka's protocol reads our batches.
func TestKafkaReadsOurs(t *testing.T) {
	raw := buildBatch(t, 500, testRecords()...)
	var batch kmsg.RecordBatch
	if err := batch.ReadFrom(raw); err != nil {
		t.Fatal(err)
	}
	if batch.FirstOffset != 500 || batch.Magic != 2 || batch.NumRecords != 5 || batch.LastOffsetDelta != 4 ||
		batch.ProducerID != -1 || batch.ProducerEpoch != -1 || batch.FirstSequence != -1 || batch.PartitionLeaderEpoch != -1 {
		t.Errorf("header is %+v", batch)
	}
	rest := batch.Records
	for i, want := range testRecords() {
		var r kmsg.Record
		n := kafkaRecordBytes(rest)
		if err := r.ReadFrom(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
		got := Record{TimestampMillis: batch.FirstTimestamp + r.TimestampDelta64, Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			got.Headers = append(got.Headers, Header{Key: h.Key, Value: h.Value})
		}
		if !reflect.DeepEqual(got, want) || int(r.OffsetDelta) != i {
			t.Errorf("record %d is %v, want %v", i, got, want)
		}
	}
	if len(rest) != 0 {
		t.Errorf("%d bytes left", len(rest))
	}
}

// kafkaRecordBytes is the size of the record at the start of b: a zigzag varint and as many bytes.
func kafkaRecordBytes(b []byte) int {
	var v uint64
	for i, c := range b {
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return i + 1 + int(v>>1)
		}
	}
	return len(b)
}

// We read batches that an independent implementation wrote, and would have written the same bytes.
func TestWeReadKafkas(t *testing.T) {
	var records []byte
	ours := testRecords()
	for i, r := range ours {
		k := kmsg.Record{TimestampDelta64: r.TimestampMillis - ours[0].TimestampMillis, OffsetDelta: int32(i), Key: r.Key, Value: r.Value}
		k.TimestampDelta = int32(k.TimestampDelta64)
		for _, h := range r.Headers {
			k.Headers = append(k.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
		}
		k.Length = int32(len(k.AppendTo(nil)) - 1) // its own length takes one byte while it is 0
		records = k.AppendTo(records)
	}
	raw := buildBatch(t, 9, ours...)
	parsed, _, err := ParseBatch(raw)
	if err != nil {
		t.Fatal(err)
	}
	theirs := kmsg.RecordBatch{
		FirstOffset: 9, Length: int32(len(raw) - 12), PartitionLeaderEpoch: -1, Magic: 2, CRC: int32(parsed.CRC()),
		LastOffsetDelta: 4, FirstTimestamp: ours[0].TimestampMillis, MaxTimestamp: ours[3].TimestampMillis,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 5, Records: records,
	}
	if got := theirs.AppendTo(nil); !bytes.Equal(got, raw) {
		t.Errorf("bytes differ:\n%x\n%x", got, raw)
	}
}

// Every flipped bit of a batch is found, except in the base offset and the leader epoch, which the CRC does not cover.
func TestBatchFlippedBits(t *testing.T) {
	raw := buildBatch(t, 3, testRecords()...)
	for i := range len(raw) * 8 {
		b := bytes.Clone(raw)
		b[i/8] ^= 1 << (i % 8)
		_, _, err := ParseBatch(b)
		free := i/8 < posLength || i/8 >= posLeaderEpoch && i/8 < posMagic
		if err == nil && !free {
			t.Fatalf("a flipped bit %d of byte %d is not noticed", i%8, i/8)
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrIncomplete) {
			t.Fatalf("bit %d: error is %v", i, err)
		}
	}
}

// A batch that is cut anywhere is incomplete, not corrupt.
func TestBatchCut(t *testing.T) {
	raw := buildBatch(t, 3, testRecords()...)
	for n := range raw {
		if _, _, err := ParseBatch(raw[:n]); !errors.Is(err, ErrIncomplete) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

// Lengths that lie do not make us allocate or read beyond the bytes.
func TestBatchLies(t *testing.T) {
	raw := buildBatch(t, 0, testRecords()...)
	lie := func(at int, v ...byte) error {
		b := bytes.Clone(raw)
		copy(b[at:], v)
		_, _, err := ParseBatch(b)
		return err
	}
	for name, err := range map[string]error{
		"huge length":     lie(posLength, 0x7f, 0xff, 0xff, 0xff),
		"negative length": lie(posLength, 0xff, 0xff, 0xff, 0xff),
		"tiny length":     lie(posLength, 0, 0, 0, 1),
		"old magic":       lie(posMagic, 1),
	} {
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The size limit holds, and a record that does not fit leaves the batch as it was.
func TestBatchTooLarge(t *testing.T) {
	var b BatchBuilder
	must(t, b.Append(Record{Value: make([]byte, 1000)}))
	before := bytes.Clone(b.Build())
	if err := b.Append(Record{Value: make([]byte, MaxBatchBytes)}); !errors.Is(err, ErrBatchTooLarge) {
		t.Errorf("error is %v", err)
	}
	if !bytes.Equal(b.Build(), before) {
		t.Error("a refused record changed the batch")
	}
}

// Times at the ends of the range survive.
func TestBatchExtremeTimes(t *testing.T) {
	raw := buildBatch(t, 0, Record{TimestampMillis: math.MinInt64 + 1}, Record{TimestampMillis: math.MaxInt64}, Record{TimestampMillis: 0})
	batch, _, err := ParseBatch(raw)
	must(t, err)
	got := collect(t, batch)
	if got[0].TimestampMillis != math.MinInt64+1 || got[1].TimestampMillis != math.MaxInt64 || got[2].TimestampMillis != 0 {
		t.Errorf("times are %v", got)
	}
}

// Walking through a batch allocates nothing.
func TestRecordsDoNotAllocate(t *testing.T) {
	var records []Record
	for i := range 100 {
		records = append(records, Record{Key: fmt.Appendf(nil, "%d", i), Value: []byte("value")})
	}
	batch, _, err := ParseBatch(buildBatch(t, 0, records...))
	must(t, err)
	n := 0
	allocs := testing.AllocsPerRun(10, func() {
		it := batch.Records()
		for it.Next() {
			r := it.Record()
			n += len(r.Key)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
