package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
)

var background = context.Background()

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// openNode opens a node that serves. The caller closes it.
func openNode(dir string, shards int) (*cluster.Node, error) {
	n, err := cluster.Open(cluster.Config{DataDir: dir, Shards: shards, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Fatal: func(err error) { panic(err) }})
	if err != nil {
		return nil, err
	}
	return n, n.WaitReady(background)
}

// createRelation creates a relation with a partition on each shard.
func createRelation(n *cluster.Node, kind catalog.Kind) (*catalog.Relation, error) {
	r := &catalog.Relation{ID: n.Catalog().NextID(), Schema: "public", Name: "r", Kind: kind, Placement: n.Placement(n.Shards())}
	if err := n.Apply(background, catalog.Command{Create: r}); err != nil {
		return nil, err
	}
	return n.Catalog().ByID(r.ID), nil
}

// write writes rows to one partition, in a transaction.
func write(n *cluster.Node, r *catalog.Relation, partition int, rows []exec.WriteRow) error {
	tx := n.Begin()
	defer tx.Abort()
	w := exec.PartitionWrite{Partition: r.Partition(partition), Table: r.Keyed(), Rows: rows}
	if err := tx.Write(background, []exec.PartitionWrite{w}); err != nil {
		return err
	}
	return tx.Commit(background)
}

const valueBytes = 100

// rowsOf makes rows with keys from first on, of 12 bytes, and values of valueBytes.
func rowsOf(first, count int) []exec.WriteRow {
	value := make([]byte, valueBytes)
	rows := make([]exec.WriteRow, count)
	for i := range rows {
		rows[i] = exec.WriteRow{Key: fmt.Appendf(nil, "key-%08d", first+i), Value: value}
	}
	return rows
}
