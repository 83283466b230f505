package log

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"reflect"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var codecs = []Codec{CodecLZ4, CodecZstd}

// similarRecords compress well.
func similarRecords() []Record {
	records := testRecords()
	for i := range 200 {
		records = append(records, Record{TimestampMillis: 1_700_000_000_000, Key: fmt.Appendf(nil, "key %d", i), Value: []byte("the same value")})
	}
	return records
}

func buildPacked(t testing.TB, base Offset, c Codec, records ...Record) []byte {
	t.Helper()
	var b BatchBuilder
	b.SetCompression(c)
	for _, r := range records {
		must(t, b.Append(r))
	}
	batch := bytes.Clone(b.Build())
	SetBaseOffset(batch, base)
	return batch
}

// kafkaRecords is the records section as Kafka's protocol library writes it.
func kafkaRecords(records []Record) []byte {
	var out []byte
	for i, r := range records {
		k := kmsg.Record{TimestampDelta64: r.TimestampMillis - records[0].TimestampMillis, OffsetDelta: int32(i), Key: r.Key, Value: r.Value}
		k.TimestampDelta = int32(k.TimestampDelta64)
		for _, h := range r.Headers {
			k.Headers = append(k.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
		}
		k.Length = int32(len(k.AppendTo(nil)) - 1) // its own length takes one byte while it is 0
		out = k.AppendTo(out)
	}
	return out
}

// pack compresses as Kafka's Go client does, with its settings.
func pack(t testing.TB, c Codec, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = lz4.NewWriter(&out)
	if c == CodecZstd {
		z, err := zstd.NewWriter(&out, zstd.WithWindowSize(64<<10), zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
		must(t, err)
		w = z
	}
	_, err := w.Write(b)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

// unpack decompresses as a reader that knows nothing of us.
func unpack(t testing.TB, c Codec, b []byte) []byte {
	t.Helper()
	var r io.Reader = lz4.NewReader(bytes.NewReader(b))
	if c == CodecZstd {
		z, err := zstd.NewReader(bytes.NewReader(b))
		must(t, err)
		defer z.Close()
		r = z
	}
	out, err := io.ReadAll(r)
	must(t, err)
	return out
}

// kafkaBatch is a whole batch as Kafka's protocol library writes it, with this records section.
func kafkaBatch(c Codec, base Offset, like []Record, section []byte) []byte {
	last := like[0].TimestampMillis
	for _, r := range like {
		last = max(last, r.TimestampMillis)
	}
	b := kmsg.RecordBatch{
		FirstOffset: int64(base), Length: int32(batchHeaderBytes - batchLengthBase + len(section)), PartitionLeaderEpoch: -1, Magic: 2,
		Attributes: int16(c), LastOffsetDelta: int32(len(like) - 1), FirstTimestamp: like[0].TimestampMillis, MaxTimestamp: last,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: int32(len(like)), Records: section,
	}
	b.CRC = int32(crc32.Checksum(b.AppendTo(nil)[posAttributes:], castagnoli))
	return b.AppendTo(nil)
}

// We read compressed batches that Kafka's protocol library wrote, and it reads ours.
func TestCompressedLikeKafka(t *testing.T) {
	want := similarRecords()
	for _, c := range codecs {
		batch, _, err := ParseBatch(kafkaBatch(c, 9, want, pack(t, c, kafkaRecords(want))))
		must(t, err)
		got := collect(t, batch)
		for i := range want {
			want[i].Offset = 9 + Offset(i)
		}
		if !reflect.DeepEqual(got, want) || batch.Compression() != c {
			t.Errorf("%s: records that Kafka wrote differ", c)
		}
		raw := buildPacked(t, 9, c, want...)
		var theirs kmsg.RecordBatch
		must(t, theirs.ReadFrom(raw))
		if theirs.Attributes != int16(c) || theirs.NumRecords != int32(len(want)) {
			t.Errorf("%s: header is %+v", c, theirs)
		}
		if !bytes.Equal(unpack(t, c, theirs.Records), kafkaRecords(want)) {
			t.Errorf("%s: Kafka reads other records than were written", c)
		}
	}
}

// A builder that compresses gives the same records, in fewer bytes, also when used again, and does not enlarge a batch.
func TestCompressedRoundTrip(t *testing.T) {
	for _, c := range codecs {
		var b BatchBuilder
		b.SetCompression(c)
		b.SetProducer(7, 1, 5)
		for range 3 {
			for _, r := range similarRecords() {
				must(t, b.Append(r))
			}
			raw := b.Build()
			batch, rest, err := ParseBatch(raw)
			must(t, err)
			if len(rest) > 0 || len(raw) >= b.SizeBytes()/2 || batch.Count() != len(similarRecords()) {
				t.Errorf("%s: %d bytes of %d", c, len(raw), b.SizeBytes())
			}
			if got := collect(t, batch); string(got[3].Value) != string(testRecords()[3].Value) {
				t.Errorf("%s: records differ", c)
			}
			b.Reset()
		}
		must(t, b.Append(Record{Key: []byte("k")}))
		batch, _, err := ParseBatch(b.Build())
		if err != nil || batch.Compression() != CodecNone {
			t.Errorf("%s: a batch that does not become smaller: %s, %v", c, batch.Compression(), err)
		}
	}
}

// What decompresses to more than the limit is refused, whatever it says of its size, and so is rubbish.
func TestCompressedBombs(t *testing.T) {
	one := []Record{{}}
	for _, c := range codecs {
		for name, section := range map[string][]byte{
			"too large":      pack(t, c, make([]byte, MaxRecordsBytes+1)),
			"much too large": pack(t, c, make([]byte, 10*MaxRecordsBytes)),
			"rubbish":        []byte("this is not a frame of either kind"),
			"cut":            pack(t, c, kafkaRecords(similarRecords()))[:50],
		} {
			batch, _, err := ParseBatch(kafkaBatch(c, 0, one, section))
			must(t, err)
			it := batch.Records()
			if it.Next() || !errors.Is(it.Err(), ErrCorrupt) {
				t.Errorf("%s, %s: %v", c, name, it.Err())
			}
		}
		if _, err := decompressRecords(c, pack(t, c, make([]byte, MaxRecordsBytes))); err != nil {
			t.Errorf("%s: the largest size: %v", c, err)
		}
	}
	batch, _, err := ParseBatch(kafkaBatch(2, 0, one, []byte("snappy")))
	must(t, err)
	if it := batch.Records(); it.Next() || !errors.Is(it.Err(), ErrCompressed) {
		t.Errorf("snappy: %v", it.Err())
	}
}

// Whatever a records section holds, walking through it ends, with at most the limit in memory.
func FuzzCompressedRecords(f *testing.F) {
	for _, c := range codecs {
		f.Add(pack(f, c, kafkaRecords(testRecords())), int8(c))
	}
	f.Fuzz(func(t *testing.T, section []byte, codec int8) {
		batch, _, err := ParseBatch(kafkaBatch(Codec(codec&compressionMask), 0, testRecords(), section))
		if err != nil {
			return
		}
		it := batch.Records()
		for it.Next() {
		}
		if err := it.Err(); err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrCompressed) {
			t.Fatal(err)
		}
	})
}
