package pg

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/sql/pgerr"
)

// message is one message of a client: its kind and its body, which it owns.
type message struct {
	kind kind
	body []byte
}

// kind is the byte that names a message ("PostgreSQL 15 docs 55.7").
type kind byte

const (
	msgBind      kind = 'B'
	msgClose     kind = 'C'
	msgCopyData  kind = 'd'
	msgCopyDone  kind = 'c'
	msgCopyFail  kind = 'f'
	msgDescribe  kind = 'D'
	msgExecute   kind = 'E'
	msgFlush     kind = 'H'
	msgFunction  kind = 'F'
	msgParse     kind = 'P'
	msgPassword  kind = 'p'
	msgQuery     kind = 'Q'
	msgSync      kind = 'S'
	msgTerminate kind = 'X'
)

// kinds makes the message that the body of each kind decodes to.
var kinds = [256]func() pgproto3.FrontendMessage{
	msgBind:      func() pgproto3.FrontendMessage { return &pgproto3.Bind{} },
	msgClose:     func() pgproto3.FrontendMessage { return &pgproto3.Close{} },
	msgCopyData:  func() pgproto3.FrontendMessage { return &pgproto3.CopyData{} },
	msgCopyDone:  func() pgproto3.FrontendMessage { return &pgproto3.CopyDone{} },
	msgCopyFail:  func() pgproto3.FrontendMessage { return &pgproto3.CopyFail{} },
	msgDescribe:  func() pgproto3.FrontendMessage { return &pgproto3.Describe{} },
	msgExecute:   func() pgproto3.FrontendMessage { return &pgproto3.Execute{} },
	msgFlush:     func() pgproto3.FrontendMessage { return &pgproto3.Flush{} },
	msgFunction:  func() pgproto3.FrontendMessage { return &pgproto3.FunctionCall{} },
	msgParse:     func() pgproto3.FrontendMessage { return &pgproto3.Parse{} },
	msgPassword:  func() pgproto3.FrontendMessage { return &pgproto3.PasswordMessage{} },
	msgQuery:     func() pgproto3.FrontendMessage { return &pgproto3.Query{} },
	msgSync:      func() pgproto3.FrontendMessage { return &pgproto3.Sync{} },
	msgTerminate: func() pgproto3.FrontendMessage { return &pgproto3.Terminate{} },
}

// decode reads the body. The result aliases it. Errors: 08P01; the messages behind it can be read all the same.
func (m message) decode() (pgproto3.FrontendMessage, error) {
	decoded := kinds[m.kind]()
	if err := decoded.Decode(m.body); err != nil {
		return nil, protocolViolation("invalid message format")
	}
	return decoded, nil
}

// frames cuts what a client sends into messages. It allocates no more than about what has come.
type frames struct {
	r   *bufio.Reader
	max int64 // bytes of a message
}

// newFrames begins with the bound for clients that are not authenticated.
func newFrames(r io.Reader) *frames {
	return &frames{r: bufio.NewReaderSize(r, inputBytes), max: maxStartupBytes}
}

// next reads a message. Errors: those of the reader; *pgerr.Error when what comes is no message.
func (f *frames) next() (message, error) {
	var header [5]byte
	if _, err := io.ReadFull(f.r, header[:]); err != nil {
		return message{}, err
	}
	m := message{kind: kind(header[0])}
	size := int64(binary.BigEndian.Uint32(header[1:])) - 4
	switch {
	case kinds[m.kind] == nil:
		return message{}, protocolViolation("invalid frontend message type %d", header[0])
	case size < 0:
		return message{}, protocolViolation("invalid message length")
	case size > f.max:
		return message{}, pgerr.New(pgerr.ProgramLimitExceeded, "message of %d bytes is longer than %d bytes", size, f.max)
	}
	var err error
	m.body, err = f.body(int(size))
	return m, err
}

// whole reports whether the next message has come already, all of it.
func (f *frames) whole() bool {
	if f.r.Buffered() < 5 {
		return false
	}
	header, _ := f.r.Peek(5) // it is there
	size := int64(binary.BigEndian.Uint32(header[1:]))
	return size >= 4 && int64(f.r.Buffered()) > size
}

// body reads size bytes, in steps: a length that is claimed costs nothing until its bytes come.
func (f *frames) body(size int) ([]byte, error) {
	body := make([]byte, 0, min(size, bodyStepBytes))
	for len(body) < size {
		from := len(body)
		step := min(size-from, max(bodyStepBytes, from))
		body = append(body, make([]byte, step)...)
		if _, err := io.ReadFull(f.r, body[from:]); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// Codes of the packets that begin a connection, where a version of the protocol may stand as well.
const (
	codeCancel = 1234<<16 | 5678
	codeSSL    = 1234<<16 | 5679
	codeGSSEnc = 1234<<16 | 5680
)

// startup reads a packet that begins a connection: StartupMessage, SSLRequest, GSSEncRequest or CancelRequest.
func (f *frames) startup() (pgproto3.FrontendMessage, error) {
	var length [4]byte
	if _, err := io.ReadFull(f.r, length[:]); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(length[:])) - 4
	if size < 4 || size > maxStartupBytes {
		return nil, protocolViolation("invalid length of startup packet")
	}
	body, err := f.body(int(size))
	if err != nil {
		return nil, err
	}
	return decodeStartup(body)
}

func decodeStartup(body []byte) (pgproto3.FrontendMessage, error) {
	var m pgproto3.FrontendMessage
	switch code := binary.BigEndian.Uint32(body); code {
	case codeCancel:
		m = &pgproto3.CancelRequest{}
	case codeSSL:
		m = &pgproto3.SSLRequest{}
	case codeGSSEnc:
		m = &pgproto3.GSSEncRequest{}
	case pgproto3.ProtocolVersion30, pgproto3.ProtocolVersion32:
		m = &pgproto3.StartupMessage{}
	default:
		return nil, pgerr.Unsupported("frontend protocol %d.%d is", code>>16, code&0xffff)
	}
	if err := m.Decode(body); err != nil {
		return nil, protocolViolation("invalid startup packet layout: %s", err)
	}
	return m, nil
}
