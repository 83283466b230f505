package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// failedPause is how long a stream that is joined with what a failed query keeps waits before it looks again.
const failedPause = time.Second

// tables is the node as tasks that join a stream with a table see it.
type tables struct{ *Node }

var _ exec.Tables = tables{}

// Fence implements exec.Tables.
func (t tables) Fence(ctx context.Context, id catalog.RelationID) error {
	for {
		r := t.Catalog().ByID(id)
		if r == nil {
			return fmt.Errorf("table %d: %w", id, exec.ErrDropped)
		}
		if r.Query == nil {
			return nil
		}
		err := t.fence(ctx, []*catalog.Relation{r}, nil)
		if pgerr.Code(err) != pgerr.ObjectNotInPrerequisiteState {
			return err
		}
		if !sleep(ctx, failedPause) {
			return ctx.Err()
		}
	}
}

// Partitions implements exec.Tables.
func (t tables) Partitions(id catalog.RelationID) (int, error) {
	r := t.Catalog().ByID(id)
	if r == nil {
		return 0, fmt.Errorf("table %d: %w", id, exec.ErrDropped)
	}
	return r.Partitions(), nil
}
