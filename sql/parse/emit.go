package parse

import (
	"strconv"
	"strings"
)

// pieceKind says how a piece is written.
type pieceKind uint8

const (
	pieceRaw    pieceKind = iota // text
	pieceIdent                   // `text`
	pieceMarked                  // `text@id`
	pieceOpen                    // `text@id`(
	pieceLeaf                    // `text@id`()
	pieceConst                   // `text@id`, text cut
	pieceParam                   // ?
)

// piece is a bit of the translation. Pieces form a ring through piece 0, so that an operator can be written before its
// left operand when that one is there already.
type piece struct {
	text       string
	id         int32
	prev, next int32
	kind       pieceKind
}

// emitter collects the translation of one statement.
type emitter struct {
	pieces []piece
	buf    []byte // of text
}

// shownBytes is how much of a literal the translation repeats: it is there for the reader only.
const shownBytes = 24

func (e *emitter) reset() {
	clear(e.pieces)
	e.pieces = append(e.pieces[:0], piece{})
}

// put appends a piece and returns its number.
func (e *emitter) put(kind pieceKind, text string, id int32) int32 {
	return e.before(0, kind, text, id)
}

// raw appends text as it is.
func (e *emitter) raw(text string) int32 { return e.put(pieceRaw, text, 0) }

// before inserts a piece before another one.
func (e *emitter) before(at int32, kind pieceKind, text string, id int32) int32 {
	n := int32(len(e.pieces))
	prev := e.pieces[at].prev
	e.pieces = append(e.pieces, piece{text: text, id: id, prev: prev, next: at, kind: kind})
	e.pieces[prev].next = n
	e.pieces[at].prev = n
	return n
}

// moveBefore moves everything from first to the end before another piece.
func (e *emitter) moveBefore(first, at int32) {
	last, before := e.pieces[0].prev, e.pieces[at].prev
	end := e.pieces[first].prev
	e.pieces[end].next, e.pieces[0].prev = 0, end
	e.pieces[before].next, e.pieces[first].prev = first, before
	e.pieces[last].next, e.pieces[at].prev = at, last
}

// mark and cut drop what was appended since mark; nothing may have been inserted elsewhere meanwhile.
func (e *emitter) mark() int { return len(e.pieces) }

func (e *emitter) cut(mark int) {
	last := e.pieces[mark].prev
	clear(e.pieces[mark:])
	e.pieces = e.pieces[:mark]
	e.pieces[last].next, e.pieces[0].prev = 0, last
}

// paramAt is the place of a ? in the translation.
type paramAt struct {
	offset int // bytes
	id     int32
}

// text writes the translation; the places of its parameters are in order.
func (e *emitter) text() (string, []paramAt) {
	buf := e.buf[:0]
	var params []paramAt
	for n := e.pieces[0].next; n != 0; n = e.pieces[n].next {
		switch pc := &e.pieces[n]; pc.kind {
		case pieceRaw:
			buf = append(buf, pc.text...)
		case pieceParam:
			params = append(params, paramAt{len(buf), pc.id})
			buf = append(buf, '?')
		default:
			buf = appendIdent(buf, pc)
		}
	}
	e.buf = buf
	return string(buf), params
}

func appendIdent(buf []byte, pc *piece) []byte {
	buf = append(buf, '`')
	text := pc.text
	if (pc.kind == pieceLeaf || pc.kind == pieceConst) && len(text) > shownBytes {
		text = strings.ToValidUTF8(text[:shownBytes], "") + "…"
	}
	if strings.IndexByte(text, '`') >= 0 {
		text = strings.ReplaceAll(text, "`", "``")
	}
	buf = append(buf, text...)
	if pc.kind != pieceIdent {
		buf = append(buf, '@')
		buf = strconv.AppendInt(buf, int64(pc.id), 10)
	}
	buf = append(buf, '`')
	switch pc.kind {
	case pieceOpen:
		buf = append(buf, '(')
	case pieceLeaf:
		buf = append(buf, '(', ')')
	}
	return buf
}
