package cluster_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// verify looks at the files that a cut left, as `millrace log verify` does.
func (c *cut) verify() error {
	if _, err := c.disk.Stat(cluster.WALFiles(dataDir)); err != nil {
		return nil // the first start has not come that far
	}
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if _, err := wal.Verify(c.disk, cluster.WALFiles(dataDir), func(e *wal.CorruptError) { problem("%v", e) }); err != nil {
		return err
	}
	w, err := wal.OpenReadOnly(c.disk, cluster.WALFiles(dataDir))
	if err != nil {
		return err
	}
	defer w.Close()
	for id := range shards {
		s, err := cluster.StoppedShard(c.disk, dataDir, catalog.ShardID(id), c.store(id), w)
		if err != nil {
			return err
		}
		if err := s.Check(func(reason string) { problem("shard %d: %s", id, reason) }); err != nil {
			return err
		}
		ps, err := s.Partitions()
		if err != nil {
			return err
		}
		for _, p := range ps {
			if p.Dropped || !p.Files {
				continue
			}
			sum, err := log.Verify(c.disk, p.Dir, p.Synced, func(f log.Finding) {
				if !f.Harmless {
					problem("%s at %d: %s", f.File, f.Position, f.Reason)
				}
			})
			if err != nil {
				return err
			}
			if reason, harmless := s.CheckEnd(p, sum.Next); reason != "" && !harmless {
				problem("%s: %s", p.Dir, reason)
			}
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("log verify: %s", strings.Join(problems, "\n"))
	}
	return nil
}

// found is what a node holds of the base relations, by owner.
type found struct {
	t, u, big map[int]map[int]int
	ids       map[int]map[int64]bool
	s, r, a   map[int][]int // sequence numbers, sorted
	vR, vA    map[int][2]int
}

// settle compares what a node holds with what its clients know, and notes which of the statements under way took effect.
func (h *history) settle() error {
	c := h.admin
	f, err := c.find()
	if err != nil {
		return err
	}
	for n := 1; n <= writers; n++ {
		if err := h.settleWriter(n, f); err != nil {
			return err
		}
	}
	if err := h.settleDefiner(); err != nil {
		return err
	}
	rows, err := c.run("SELECT count(*), sum(n) FROM shared")
	if err != nil {
		return err
	}
	if got, want := fmt.Sprint(rows[0]), fmt.Sprint([]int{sharedRows, sharedSum}); got != want {
		return fmt.Errorf("rows of shared and their sum: %s, want %s", got, want)
	}
	return c.checkViews(f)
}

// settleWriter looks for a writer's rows: they are as acknowledged, or as after the statement under way.
func (h *history) settleWriter(n int, f *found) error {
	var fate fate
	h.machine.know(func(k *knowledge) { fate = k.fates[n] })
	err := f.differs(n, fate.acknowledged)
	is := fate.acknowledged
	if err != nil && fate.pending != nil {
		if second := f.differs(n, fate.pending); second == nil {
			is, err = fate.pending, nil
		} else {
			err = fmt.Errorf("%w; with the statement under way: %w", err, second)
		}
	}
	if err != nil {
		return fmt.Errorf("client %d: %w", n, err)
	}
	is = is.clone()
	is.a, is.seen = len(f.a[n]), len(f.a[n])
	highest := int64(0)
	for id := range f.ids[n] {
		is.ids[id] = true
		highest = max(highest, id)
	}
	h.machine.know(func(k *knowledge) {
		k.fates[n] = fateOf(is)
		k.givenID = max(k.givenID, highest)
	})
	if n < len(h.clients) {
		h.clients[n].facts = is
	}
	return nil
}

func fateOf(f *facts) fate { return fate{acknowledged: f} }

// differs says where what was found is not what is wanted.
func (f *found) differs(n int, want *facts) error {
	switch {
	case !maps.Equal(f.t[n], want.t):
		return fmt.Errorf("t: %v, want %v", f.t[n], want.t)
	case !maps.Equal(f.u[n], want.u):
		return fmt.Errorf("u: %v, want %v", f.u[n], want.u)
	case !maps.Equal(f.big[n], want.big):
		return fmt.Errorf("big: %v, want %v", f.big[n], want.big)
	case !counted(f.s[n], 0, want.s):
		return fmt.Errorf("s: %v, want %d rows", f.s[n], want.s)
	case f.vR[n] != [2]int{want.r, want.r - 1} && want.r > 0 || f.vR[n] != [2]int{} && want.r == 0:
		return fmt.Errorf("the view of r: %v, want %d rows", f.vR[n], want.r)
	case len(f.r[n]) > want.r || !counted(f.r[n], want.r-len(f.r[n]), want.r):
		return fmt.Errorf("r: %v, want the last of %d rows", f.r[n], want.r)
	case !counted(f.a[n], 0, len(f.a[n])) || len(f.a[n]) > want.a || len(f.a[n]) < want.seen || len(f.a[n])%2 != 0:
		return fmt.Errorf("a: %v, want the first of %d rows, and %d at least", f.a[n], want.a, want.seen)
	}
	for id := range want.ids {
		if !f.ids[n][id] {
			return fmt.Errorf("numbered: row %d is lost: %v", id, f.ids[n])
		}
	}
	return nil
}

// counted reports whether the sorted numbers are those from one to below another, each once.
func counted(numbers []int, from, to int) bool {
	for i, n := range numbers {
		if n != from+i {
			return false
		}
	}
	return from+len(numbers) == to
}

// numbers runs a query whose rows are numbers; NULL is 0.
func (c *client) numbers(sql string) (out [][]int, err error) {
	rows, err := c.run("%s", sql)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		n := make([]int, len(row))
		for i, text := range row {
			if text == "" {
				continue
			}
			if n[i], err = strconv.Atoi(text); err != nil {
				return nil, fmt.Errorf("%s: %w", sql, err)
			}
		}
		out = append(out, n)
	}
	return out, nil
}

func put[K comparable, V any](m map[int]map[K]V, owner int, k K, v V) {
	if m[owner] == nil {
		m[owner] = map[K]V{}
	}
	m[owner][k] = v
}

// find reads the base relations.
func (c *client) find() (*found, error) {
	f := &found{t: map[int]map[int]int{}, u: map[int]map[int]int{}, big: map[int]map[int]int{}, ids: map[int]map[int64]bool{},
		s: map[int][]int{}, r: map[int][]int{}, a: map[int][]int{}, vR: map[int][2]int{}, vA: map[int][2]int{}}
	for _, q := range []struct {
		sql  string
		take func(n []int)
	}{
		{"SELECT owner, id, n FROM t", func(n []int) { put(f.t, n[0], n[1], n[2]) }},
		{"SELECT owner, id, n FROM u", func(n []int) { put(f.u, n[0], n[1], n[2]) }},
		{"SELECT owner, id, length(pad) FROM big", func(n []int) { put(f.big, n[0], n[1], n[2]) }},
		{"SELECT owner, id FROM numbered", func(n []int) { put(f.ids, n[0], int64(n[1]), true) }},
		{"SELECT owner, seq FROM s", func(n []int) { f.s[n[0]] = append(f.s[n[0]], n[1]) }},
		{"SELECT owner, seq FROM r", func(n []int) { f.r[n[0]] = append(f.r[n[0]], n[1]) }},
		{"SELECT owner, seq FROM a", func(n []int) { f.a[n[0]] = append(f.a[n[0]], n[1]) }},
		{"SELECT owner, c, m FROM v_r", func(n []int) { f.vR[n[0]] = [2]int{n[1], n[2]} }},
	} {
		rows, err := c.numbers(q.sql)
		if err != nil {
			return nil, err
		}
		for _, n := range rows {
			q.take(n)
		}
	}
	for owner := range writers + 1 {
		slices.Sort(f.s[owner])
		slices.Sort(f.r[owner])
		slices.Sort(f.a[owner])
	}
	return f, nil
}

// checkViews compares views with what their queries give over the rows that were found.
func (c *client) checkViews(f *found) error {
	want := map[string][]string{}
	add := func(view string, columns ...any) { want[view] = append(want[view], fmt.Sprintf("%v", columns)) }
	sizes := map[int]int{}
	for owner := 1; owner <= writers; owner++ {
		sum := 0
		for id, n := range f.t[owner] {
			sum += n
			if m, ok := f.u[owner][id]; ok {
				add("v_both", id, n, m)
			}
		}
		if n := len(f.t[owner]); n > 0 {
			add("v_t", owner, n, sum)
			sizes[n]++
		}
		count, amount := 0, 0
		for _, seq := range f.s[owner] {
			if _, ok := f.t[owner][owner*100+seq%idsOfWriter]; ok {
				count, amount = count+1, amount+seq%7
			}
			if seq%2 == 0 {
				add("even", owner*1000+seq, owner, seq)
			}
		}
		if count > 0 {
			add("v_join", owner, count, amount)
		}
		if n := len(f.a[owner]); n > 0 {
			add("v_a", owner, n, n-1)
		}
	}
	for n, owners := range sizes {
		add("v_c", n, owners)
	}
	for _, view := range []string{"v_t", "v_c", "v_join", "v_both", "even", "v_a"} {
		if err := c.compare(view, want[view]); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) compare(relation string, want []string) error {
	rows, err := c.run("SELECT * FROM %s", relation)
	if err != nil {
		return err
	}
	var got []string
	for _, row := range rows {
		got = append(got, fmt.Sprint(row))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s: %v, want %v", relation, got, want)
	}
	return nil
}

// settleDefiner looks for the tables and views that come and go.
func (h *history) settleDefiner() error {
	var fate fate
	h.machine.know(func(k *knowledge) { fate = k.fates[0] })
	is := fate.acknowledged
	err := h.definerDiffers(is)
	if err != nil && fate.pending != nil {
		is = fate.pending
		if second := h.definerDiffers(is); second == nil {
			err = nil
		} else {
			err = fmt.Errorf("%w; with the statement under way: %w", err, second)
		}
	}
	if err != nil {
		return err
	}
	h.machine.know(func(k *knowledge) { k.fates[0] = fateOf(is) })
	if len(h.clients) > 0 {
		h.clients[0].facts = is
	}
	return nil
}

func (h *history) definerDiffers(want *facts) error {
	var names, wanted []string
	for _, r := range h.node.Catalog().Relations() {
		if r.Schema == "public" && (r.Name[0] == 'd' || strings.HasPrefix(r.Name, "vd")) {
			names = append(names, r.Name)
		}
	}
	wanted = slices.AppendSeq(slices.Collect(maps.Keys(want.tables)), maps.Keys(want.views))
	slices.Sort(names)
	slices.Sort(wanted)
	if !slices.Equal(names, wanted) {
		return fmt.Errorf("relations %v, want %v", names, wanted)
	}
	for name, d := range want.tables {
		if n := len(h.node.Catalog().Lookup("", name).Columns); n != d.columns {
			return fmt.Errorf("%s has %d columns, want %d", name, n, d.columns)
		}
		var rows, groups []string
		counts := map[int]int{}
		for id := range d.rows {
			row := []string{strconv.Itoa(id), strconv.Itoa(id % 3)}
			for len(row) < d.columns {
				row = append(row, "7")
			}
			rows = append(rows, fmt.Sprint(row))
			counts[id%3]++
		}
		if err := h.admin.compare(name, rows); err != nil {
			return err
		}
		for x, n := range counts {
			groups = append(groups, fmt.Sprint([]int{x, n}))
		}
		if _, ok := want.views["v"+name]; ok {
			if err := h.admin.compare("v"+name, groups); err != nil {
				return err
			}
		}
	}
	return nil
}
