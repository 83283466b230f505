package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// readChunkBytes is how much recovery reads at once; a larger frame is read whole.
const readChunkBytes = 1 << 20

var (
	// errBadFrame means that the next bytes are not a frame of this place.
	errBadFrame = errors.New("bad frame")
	errShort    = errors.New("short read")
)

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

// frameReader reads a file's frames in order.
type frameReader struct {
	file *walFile
	size int64
	pos  int64

	buf   []byte
	start int64 // position of buf in the file
}

// next returns the frame at pos and where it was, and moves behind it; errBadFrame if there is none that verifies. The
// payload is valid until the next call.
func (r *frameReader) next() (f frame, payload []byte, at int64, err error) {
	b, err := r.fetch(frameHeaderBytes)
	if err != nil {
		return f, nil, 0, err
	}
	f, ok := parseHeader(b, r.file.salt, r.pos)
	if !ok || int64(f.length) > r.size-r.pos-frameHeaderBytes {
		return f, nil, 0, errBadFrame
	}
	n := frameHeaderBytes + int(f.length)
	if b, err = r.fetch(n); err != nil {
		return f, nil, 0, err
	}
	payload = b[frameHeaderBytes:n]
	if !f.payloadOK(payload) {
		return f, nil, 0, errBadFrame
	}
	at = r.pos
	r.pos += int64(n)
	return f, payload, at, nil
}

// fetch returns at least n bytes from pos on. n is at most what the file has, or a header.
func (r *frameReader) fetch(n int) ([]byte, error) {
	if skip := r.pos - r.start; skip >= 0 && skip+int64(n) <= int64(len(r.buf)) {
		return r.buf[skip:], nil
	}
	if int64(n) > r.size-r.pos {
		return nil, errBadFrame
	}
	want := int(min(max(int64(n), readChunkBytes), r.size-r.pos))
	if cap(r.buf) < want {
		r.buf = make([]byte, want)
	}
	r.buf, r.start = r.buf[:want], r.pos
	if err := readFull(r.file.f, r.buf, r.pos); errors.Is(err, errShort) {
		return nil, errBadFrame
	} else if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.file.path, err)
	}
	return r.buf, nil
}

// cutReason says why a file that ends within a frame is damaged: writes go into space that was allocated and synced before.
const cutReason = "the file ends within a frame, and before its allocated end: its end was cut off"

// short reports whether the file is shorter than it was made. A rolled one is, and one that a recovery has just cut: both end
// with a whole frame.
func (r *frameReader) short() bool { return r.size < r.file.allocated }

// rest is what follows the last frame that verifies.
type rest struct {
	dirty      bool  // not only zeros
	evidenceAt int64 // where a frame is that says that the bad one was stored; 0: nowhere
}

// judgeRest looks through everything from pos on. A frame counts as evidence by its header alone: that is enough to
// know that it was written here, and after what.
func (r *frameReader) judgeRest() (rest, error) {
	var found rest
	buf := make([]byte, min(readChunkBytes, r.size-r.pos))
	magic := binary.LittleEndian.AppendUint32(nil, frameMagic)
	for at := r.pos; at < r.size; {
		b := buf[:min(int64(len(buf)), r.size-at)]
		if err := readFull(r.file.f, b, at); err != nil {
			return found, fmt.Errorf("read %s: %w", r.file.path, err)
		}
		found.dirty = found.dirty || len(bytes.TrimLeft(b, "\x00")) > 0
		for i := bytes.Index(b, magic); i >= 0; {
			f, ok := parseHeader(b[i:], r.file.salt, at+int64(i))
			if ok && int64(f.synced) > r.pos {
				found.evidenceAt = at + int64(i)
				return found, nil
			}
			more := bytes.Index(b[i+1:], magic)
			if more < 0 {
				break
			}
			i += 1 + more
		}
		if at+int64(len(b)) == r.size {
			break
		}
		at += int64(len(b)) - frameHeaderBytes + 1 // a header may lie across the end
	}
	return found, nil
}

func (r *frameReader) corrupt(at int64, reason string) error {
	return &CorruptError{File: r.file.path, Position: at, Reason: reason}
}
