package pg_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/wire/pg"
)

// nothing is an engine without relations, which takes no DDL.
type nothing struct{}

func (nothing) Catalog() *catalog.Catalog { return catalog.Empty() }
func (nothing) Apply(context.Context, catalog.Command) error {
	return catalog.ErrStale
}
func (nothing) Placement(n int) []catalog.ShardID                 { return make([]catalog.ShardID, n) }
func (nothing) Begin() exec.Tx                                    { return nil }
func (nothing) BeginWith(catalog.Batch, *catalog.Catalog) exec.Tx { return nil }
func (nothing) BuildIndex(context.Context, *catalog.Relation, *catalog.Relation) error {
	return nil
}
func (nothing) Fence(context.Context, *catalog.Relation) error { return nil }
func (nothing) Snapshot(context.Context, []*catalog.Relation, session.Consistency, func(string)) (exec.Reader, error) {
	return nil, io.ErrUnexpectedEOF
}
func (nothing) Rows(context.Context, *catalog.Relation) (exec.Reader, error) {
	return nil, io.ErrUnexpectedEOF
}
func (nothing) NextValue(context.Context, catalog.RelationID) (int64, error) {
	return 0, pgerr.New(pgerr.UndefinedTable, "there are no sequences")
}

func (nothing) SetValue(context.Context, catalog.RelationID, catalog.SequenceState) error {
	return pgerr.New(pgerr.UndefinedTable, "there are no sequences")
}

func (nothing) SequenceState(catalog.RelationID) catalog.SequenceState {
	return catalog.SequenceState{}
}

func (nothing) Waiting(*catalog.Relation) string   { return "" }
func (nothing) StateBytes(*catalog.Relation) int64 { return 0 }
func (nothing) Records(*catalog.Relation) int64    { return 0 }
func (nothing) Temp() exec.Temp                    { return nil }

func (nothing) Jobs(*catalog.Relation) ([]exec.JobStatus, error) { return nil, nil }
func (nothing) StateSize(context.Context, *catalog.Relation, uint16) (exec.StateSize, error) {
	return exec.StateSize{}, nil
}
func (nothing) NowMillis() int64 { return 0 }

func (nothing) WaitBackfill(context.Context, catalog.RelationID) error { return nil }

func (nothing) WaitAny(context.Context, map[catalog.PartitionID]log.Offset) error { return io.EOF }

// fuzzTimeout is far beyond what any input takes: it ends a hang.
const fuzzTimeout = 20 * time.Second

// FuzzMessages shows that whatever bytes a client sends after its start, and before it, the server answers with whole
// messages and ends the connection when the client does.
func FuzzMessages(f *testing.F) {
	seed := func(messages ...pgproto3.FrontendMessage) {
		var data []byte
		for _, m := range messages {
			var err error
			if data, err = m.Encode(data); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(data, true)
	}
	seed(&pgproto3.Query{String: "SELECT 1; SELECT 'a'; SET x.y = 1"}, &pgproto3.Terminate{})
	seed(&pgproto3.Parse{Query: "SELECT $1::int, $2::text"}, &pgproto3.Bind{Parameters: [][]byte{{'1'}, nil}, ParameterFormatCodes: []int16{0}},
		&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{MaxRows: 1}, &pgproto3.Close{ObjectType: 'S'}, &pgproto3.Sync{})
	seed(&pgproto3.Query{String: "BEGIN; DECLARE c CURSOR FOR VALUES (1), (2); FETCH 1 FROM c"}, &pgproto3.Flush{}, &pgproto3.CopyData{Data: []byte("1\n")},
		&pgproto3.CopyDone{}, &pgproto3.CopyFail{Message: "x"}, &pgproto3.FunctionCall{}, &pgproto3.PasswordMessage{Password: "x"})
	f.Add([]byte{'Q', 0x7f, 0xff, 0xff, 0xff, 'a'}, true)
	f.Add([]byte{'B', 0, 0, 0, 4}, true)
	f.Add([]byte{0, 0, 0, 8, 4, 210, 22, 47}, false)
	f.Add([]byte{0, 0, 0, 17, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 'x', 0, 0, 0}, false)

	server := pg.New(pg.Config{Engine: nothing{}})
	f.Fuzz(func(t *testing.T, data []byte, started bool) {
		if started {
			data = append(startup(t), data...)
		}
		client, end := net.Pipe()
		if err := client.SetDeadline(time.Now().Add(fuzzTimeout)); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			server.ServeConn(&script{Conn: end, data: data})
		}()
		checkAnswer(t, client)
		<-done
	})
}

func startup(t *testing.T) []byte {
	t.Helper()
	data, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "x"}}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// script is a connection on which data come, and then an error that is not the client's leaving: what was sent before
// is still answered.
type script struct {
	net.Conn
	data []byte
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, errEnd
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	return n, nil
}

var errEnd = errors.New("the end of the script")

// checkAnswer reads to the end, and fails if what comes are not whole messages.
func checkAnswer(t *testing.T, r io.Reader) {
	t.Helper()
	answer, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("the server does not end: %v", err)
	}
	for len(answer) > 0 {
		if answer[0] == 'N' && (len(answer) < 5 || binary.BigEndian.Uint32(answer[1:]) > 1<<20) {
			answer = answer[1:] // the answer to SSLRequest
			continue
		}
		if len(answer) < 5 || int(binary.BigEndian.Uint32(answer[1:])) > len(answer)-1 {
			t.Fatalf("no whole message: %q", answer)
		}
		answer = answer[1+binary.BigEndian.Uint32(answer[1:]):]
	}
}

// FuzzCopy shows that the data of a COPY give the same rows, or the same error, however they are cut into messages.
func FuzzCopy(f *testing.F) {
	for _, data := range copyData {
		for csv := range 2 {
			f.Add([]byte(data), csv == 1, uint8(3))
		}
	}
	for _, data := range copyBinaryData {
		f.Add([]byte(data), false, uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, csv bool, size uint8) {
		format := copyFormats["FORMAT text"]
		switch {
		case csv:
			format = copyFormats["FORMAT csv"]
		case bytes.HasPrefix(data, []byte("PG")):
			format = copyFormats["FORMAT binary"]
		}
		cp := &session.Copy{In: true, Relation: "c", Format: format,
			Columns: []plan.Field{{Name: "id", Type: types.Int4}, {Name: "t", Type: types.Text}}}
		whole, err := pg.ParseCopy(cp, data, len(data)+1)
		want := outcome(whole, err)
		pieces, err := pg.ParseCopy(cp, data, int(size)+1)
		if got := outcome(pieces, err); got != want {
			t.Errorf("in pieces of %d: %s\nwhole: %s", int(size)+1, got, want)
		}
	})
}

// noLocks has locked nothing.
type noLocks struct{}

func (nothing) NewLocks(uint32) session.Locks { return noLocks{} }

func (noLocks) Lock(context.Context, *catalog.Relation, uint32, []byte, exec.LockMode, exec.LockWait, time.Duration) (exec.LockGrant, error) {
	return exec.LockGrant{}, nil
}
func (noLocks) Unlock(*catalog.Relation, uint32, []byte, exec.LockMode) {}
func (noLocks) Mark() int                                               { return 0 }
func (noLocks) ReleaseTo(int)                                           {}
func (noLocks) LockAdvisory(context.Context, expr.AdvisoryLock, exec.LockWait, time.Duration) error {
	return nil
}
func (noLocks) UnlockAdvisory(expr.AdvisoryLock) bool { return true }
func (noLocks) UnlockAdvisoryAll()                    {}
func (noLocks) Transaction() uint32                   { return 0 }
func (noLocks) Waiting() string                       { return "" }
func (noLocks) Close()                                {}

func (nothing) Freeze(context.Context, session.Consistency, func(string)) (session.Frozen, error) {
	return nil, io.ErrUnexpectedEOF
}

func (nothing) ListLocks() []catalog.Lock { return nil }
