package group

import (
	"bytes"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// raftLogger passes raft's diagnostics on at level debug: what a person must act on is reported by the node itself.
func raftLogger(l *slog.Logger, group string) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: "raft", Level: hclog.Debug, DisableTime: true,
		Output: slogWriter{l.With("group", group)},
	})
}

// slogWriter logs each line that is written to it.
type slogWriter struct{ l *slog.Logger }

// Write implements io.Writer.
func (w slogWriter) Write(line []byte) (int, error) {
	w.l.Debug(string(bytes.TrimSpace(line)))
	return len(line), nil
}
