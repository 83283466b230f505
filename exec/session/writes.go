package session

import (
	"context"

	"github.com/millracedb/millrace/exec"
)

// writes are what a block has written so far: kept in memory and laid over its reads until they are committed as one.
type writes struct {
	engine  Engine
	overlay *exec.Overlay
}

func newWrites(e Engine) *writes { return &writes{engine: e, overlay: exec.NewOverlay(nil)} }

// over returns reader with the writes laid over it; closing it closes reader.
func (w *writes) over(reader exec.Reader) exec.Reader { return w.overlay.Over(reader) }

// commit makes the writes durable, all or none. guard adds what has to hold.
func (w *writes) commit(ctx context.Context, guard func(exec.Tx)) error {
	if w.overlay.Empty() {
		return nil
	}
	tx := w.engine.Begin()
	defer tx.Abort()
	if err := w.overlay.Flush(ctx, tx); err != nil {
		return err
	}
	guard(tx)
	return commitTx(ctx, tx)
}

// statementTx returns the Tx of one statement: in a block it adds to the block's writes.
func (s *Session) statementTx() exec.Tx {
	if s.block == nil {
		return s.engine.Begin()
	}
	return s.blockWrites().overlay.Begin()
}

// blockWrites returns the writes of the block, which there is.
func (s *Session) blockWrites() *writes {
	if s.block.writes == nil {
		s.block.writes = newWrites(s.engine)
	}
	return s.block.writes
}
