// Package damage_test damages a file of a node's data directory, one at a time: a flipped bit, or a truncation, anywhere.
// The node must refuse to start and name the file, or answer what it answered before, or an error. For a file of one partition,
// or of the store of a shard, it must start. It never answers something else, and it never panics or hangs. In process: each damage needs a node of its own, on a copy.
package damage_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	damages = flag.Int("damages", 1000, "how many damages, unless -damage-time is over before")
	limit   = flag.Duration("damage-time", 45*time.Second, "how long to go on; 0: until all are done")
	seed    = flag.Uint64("damage-seed", 1, "of the first damage; the next ones count on")
	only    = flag.String("damage-kind", "", "of files, as the report names them; empty: all")
	workers = flag.Int("damage-workers", 4, "nodes at once")
)

// tally counts what came of the damages to files of one kind.
type tally struct{ refused, isolated, unchanged int }

func TestDamage(t *testing.T) {
	originals := prepare(t)
	for _, o := range originals {
		for kind, files := range o.files {
			t.Logf("%s: %d files", kind, len(files))
		}
	}
	began := time.Now()
	seeds := make(chan uint64)
	go func() {
		defer close(seeds)
		for i := range *damages {
			if *limit > 0 && time.Since(began) > *limit {
				return
			}
			seeds <- *seed + uint64(i)
		}
	}()
	var mu sync.Mutex
	tallies := map[string]*tally{}
	var wg sync.WaitGroup
	for range *workers {
		wg.Go(func() {
			for s := range seeds {
				d := choose(originals, s)
				result, err := d.try(t.TempDir())
				mu.Lock()
				if tallies[d.kind] == nil {
					tallies[d.kind] = &tally{}
				}
				tallies[d.kind].count(result)
				mu.Unlock()
				if err != nil {
					t.Errorf("-damage-seed=%d -damages=1: %v: %v", s, d, err)
				}
			}
		})
	}
	wg.Wait()
	report(t, tallies, time.Since(began))
}

func (c *tally) count(r result) {
	switch r {
	case refused:
		c.refused++
	case isolated:
		c.isolated++
	case unchanged:
		c.unchanged++
	}
}

func report(t *testing.T, tallies map[string]*tally, took time.Duration) {
	var all tally
	for _, kind := range slices.Sorted(maps.Keys(tallies)) {
		c := tallies[kind]
		t.Logf("%-16s refused to start %4d, isolated %4d, unchanged %4d", kind, c.refused, c.isolated, c.unchanged)
		all.refused, all.isolated, all.unchanged = all.refused+c.refused, all.isolated+c.isolated, all.unchanged+c.unchanged
	}
	t.Logf("%-16s refused to start %4d, isolated %4d, unchanged %4d, in %v", "all", all.refused, all.isolated, all.unchanged, took)
}

// damage is one change of one file.
type damage struct {
	from  original
	state int // which original
	kind  string
	file  string
	cut   bool
	rng   *rand.Rand
	at    int64 // byte that was changed, or new length
	size  int64
}

func (d *damage) String() string {
	what := "flipped bit in byte"
	if d.cut {
		what = "cut at"
	}
	return fmt.Sprintf("directory %d, %s: %s %d of %d", d.state, d.file, what, d.at, d.size)
}

// choose draws a damage: all kinds of files equally often, and of the large ones mostly where data is.
func choose(originals []original, seed uint64) *damage {
	d := &damage{rng: rand.New(rand.NewPCG(seed, 0))}
	d.state = d.rng.IntN(len(originals))
	d.from = originals[d.state]
	kinds := slices.Sorted(maps.Keys(d.from.files))
	if *only != "" && slices.Contains(kinds, *only) {
		kinds = []string{*only}
	}
	d.kind = kinds[d.rng.IntN(len(kinds))]
	files := d.from.files[d.kind]
	d.file = files[d.rng.IntN(len(files))]
	d.cut = d.rng.IntN(3) == 0
	return d
}

// inflict changes the file in the copy at dir.
func (d *damage) inflict(dir string) error {
	path := filepath.Join(dir, d.file)
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return err
	}
	d.size = int64(len(b))
	within := dataBytes(b)
	if within == 0 || d.rng.IntN(10) == 0 {
		within = len(b)
	}
	d.at = d.rng.Int64N(int64(within))
	if d.cut {
		return os.Truncate(path, d.at)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte{b[d.at] ^ 1<<d.rng.IntN(8)}, d.at)
	return err
}

type result int

const (
	broken result = iota // the law is
	refused
	isolated
	unchanged
)

// try inflicts the damage on a copy and looks what a node makes of it, twice: what a start mends must stay mended.
func (d *damage) try(dir string) (result, error) {
	defer os.RemoveAll(dir)
	if err := copyDir(d.from.dir, dir); err != nil {
		return broken, err
	}
	if err := d.inflict(dir); err != nil {
		return broken, err
	}
	first, err := d.look(dir)
	if first == broken || first == refused {
		return first, err
	}
	second, err := d.look(dir)
	if second == unchanged { // what the first start had to isolate, the second may have mended
		return first, nil
	}
	return second, err
}

func (d *damage) look(dir string) (_ result, err error) {
	ctx := context.Background()
	n, err := open(ctx, dir)
	if err != nil {
		return d.refused(err)
	}
	defer func() { err = errors.Join(err, n.close(ctx)) }()
	answers := unchanged
	for i, sql := range queries {
		a := n.query(ctx, sql)
		switch {
		case a.err == nil && a.rows == d.from.answers[i]:
		case a.err == nil:
			return broken, fmt.Errorf("%s: other rows than before: %s", sql, difference(d.from.answers[i], a.rows))
		case code(a.err) == "":
			select {
			case why := <-n.fatal:
				return d.refused(why)
			default:
				return broken, fmt.Errorf("%s: no answer: %w", sql, a.err)
			}
		case !d.named(a.err.Error()):
			return broken, fmt.Errorf("%s: the error does not name the file: %w", sql, a.err)
		case code(a.err) != "XX001" && (code(a.err) != "55000" || d.ofStore()): // of data, and of a view that could not read it
			return broken, fmt.Errorf("%s: SQLSTATE %s: %w", sql, code(a.err), a.err)
		default:
			answers = isolated
		}
	}
	return answers, nil
}

// refused looks at why a node did not start.
func (d *damage) refused(err error) (result, error) {
	if errors.Is(err, context.DeadlineExceeded) {
		return broken, fmt.Errorf("does not start in time: %w", err)
	}
	if !d.named(err.Error()) {
		return broken, fmt.Errorf("refuses to start and does not name the file: %w", err)
	}
	if d.ofShard() {
		return broken, fmt.Errorf("refuses to start for the damage of one shard: %w", err)
	}
	return refused, nil
}

// ofStore reports whether the damage is in the store of a shard, on disk or in memory, or its copy: no view fails for it, as it is mended with the shard.
func (d *damage) ofStore() bool {
	return strings.Contains(d.file, "/state/") || strings.Contains(d.file, "/held/") || strings.Contains(d.file, "/checkpoints/")
}

// ofShard reports whether the damage is in the files of one partition, or in the store of one shard: all others must be served.
func (d *damage) ofShard() bool {
	return strings.Contains(d.file, "/topics/") || d.ofStore()
}

// named reports whether a message says where the damage is: the file, or for a store, whose files only RocksDB knows, its
// directory. Of a lost end of the write-ahead log only that it is lost can be said.
func (d *damage) named(message string) bool {
	dir := filepath.Dir(d.file)
	if shard, found := strings.CutSuffix(dir, "/state"); found && strings.Contains(message, shard) && strings.Contains(message, "state store") {
		return true // it is as of an earlier moment
	}
	return strings.Contains(message, filepath.Base(d.file)) || dir != "." && strings.Contains(message, dir) ||
		d.kind == "wal" && strings.Contains(message, "write-ahead log") || d.kind == "format.json" && strings.Contains(message, "format version")
}

// difference shows the first line that differs.
func difference(before, after string) string {
	b, a := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%d lines, now %d; %.80q, now %.80q", len(b), len(a), b[i], a[i])
		}
	}
	return fmt.Sprintf("%d lines, now %d", len(b), len(a))
}
