package shard

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/log"
)

func sampleManifest() manifest {
	return manifest{Version: manifestVersion, Applied: 300, Checkpoint: "2-300", Held: []manifestHeld{{Relation: relation, File: "16384-1"}},
		Ends: []manifestPart{{Topic: relation.Topic(0), Partition: 3, End: 1 << 40}, {Topic: relation.Topic(1), End: 5}}}
}

func sampleResults() []Result {
	return []Result{{Verdict: Applied, Bases: []log.Offset{0, 300, skippedBase}}, {Verdict: Conflict}, {Verdict: Applied}}
}

// TestGoldenBytes shows that the bytes of entries, outcomes and manifests do not change from one version to the next.
func TestGoldenBytes(t *testing.T) {
	datadriven.RunTest(t, "testdata/bytes", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "entries":
			var out strings.Builder
			for _, op := range sampleOps() {
				fmt.Fprintf(&out, "%T\n%s", op, hex.Dump(encode(op)))
			}
			return out.String()
		case "outcome":
			return hex.Dump(appendOutcome(nil, sampleResults()))
		case "manifest":
			b, err := json.Marshal(sampleManifest())
			must(t, err)
			return string(b) + "\n"
		case "old-manifest":
			m, err := decodeManifest([]byte(d.Input))
			must(t, err)
			return fmt.Sprintf("%+v\n", *m)
		}
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return ""
	})
}

// FuzzManifest shows that no bytes make the decoder panic, and that what decodes comes back as it was.
func FuzzManifest(f *testing.F) {
	b, err := json.Marshal(sampleManifest())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-2])
	f.Add([]byte(`{"version":1,"applied":18446744073709551615,"ends":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		must(t, err)
		m2, err := decodeManifest(again)
		must(t, err)
		if twice, err := json.Marshal(m2); err != nil || !bytes.Equal(again, twice) {
			t.Errorf("%s, and then %s, %v", again, twice, err)
		}
	})
}
