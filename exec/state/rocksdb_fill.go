package state

/*
#include <string.h>
#include <rocksdb/c.h>

// millrace_fill copies up to max entries to buf, from where the iterator stands on, and moves it behind them. Each is the lengths
// of its key and its value, 4 bytes each, then both. It returns their number, and in *used their bytes; 0 with a *used that is
// not 0 says that the next one takes so many bytes, which are more than there are.
static size_t millrace_fill(rocksdb_iterator_t* it, int back, char* buf, size_t cap, size_t max, size_t* used) {
	size_t n = 0, at = 0;
	for (; n < max && rocksdb_iter_valid(it); n++) {
		size_t key_size, value_size;
		const char* key = rocksdb_iter_key(it, &key_size);
		const char* value = rocksdb_iter_value(it, &value_size);
		if (8 + key_size + value_size > cap - at) {
			if (n == 0) at = 8 + key_size + value_size;
			break;
		}
		unsigned int sizes[2] = {(unsigned int)key_size, (unsigned int)value_size};
		memcpy(buf + at, sizes, 8);
		memcpy(buf + at + 8, key, key_size);
		memcpy(buf + at + 8 + key_size, value, value_size);
		at += 8 + key_size + value_size;
		if (back) rocksdb_iter_prev(it); else rocksdb_iter_next(it);
	}
	*used = at;
	return n;
}
*/
import "C"

import (
	"encoding/binary"
	"reflect"
	"unsafe"

	"github.com/linxGnu/grocksdb"
)

// Of what an iterator fetches at once: few entries first, as most look-ups want one, then four times as many, up to a bound of
// bytes. A step of the iterator costs some ten times less than a call of C.
const (
	firstFillEntries = 4
	maxFillEntries   = 1024
	firstFillBytes   = 512
	maxFillBytes     = 64 << 10 // unless one entry is larger
)

// entries are what was fetched of an iterator, from the present one on.
type entries struct {
	buf        []byte
	rest       []byte // behind the present entry
	left       int    // entries in rest
	max        int    // entries of the next fetch
	key, value []byte
}

// next goes to the next entry; false at the end of it, or after an error of it.
func (e *entries) next(it *grocksdb.Iterator, back bool) bool {
	if e.left == 0 && !e.fill(it, back) {
		return false
	}
	keySize, valueSize := binary.NativeEndian.Uint32(e.rest), binary.NativeEndian.Uint32(e.rest[4:])
	end := 8 + int(keySize) + int(valueSize)
	e.key, e.value = e.rest[8:8+keySize:8+keySize], e.rest[8+keySize:end:end]
	e.rest = e.rest[end:]
	e.left--
	return true
}

// fill fetches entries. The slices that next gave are of no use then.
func (e *entries) fill(it *grocksdb.Iterator, back bool) bool {
	if e.max == 0 {
		e.max, e.buf = firstFillEntries, make([]byte, firstFillBytes)
	}
	if e.max > firstFillEntries && len(e.buf) < maxFillBytes {
		e.buf = make([]byte, min(len(e.buf)*4, maxFillBytes))
	}
	n, used := cFill(it, back, e.buf, e.max)
	if n == 0 && used > 0 {
		e.buf = make([]byte, used)
		n, used = cFill(it, back, e.buf, e.max)
	}
	e.rest, e.left = e.buf[:used], n
	e.max = min(e.max*4, maxFillEntries)
	return n > 0
}

func cFill(it *grocksdb.Iterator, back bool, buf []byte, most int) (n, used int) {
	var direction C.int
	if back {
		direction = 1
	}
	var size C.size_t
	count := C.millrace_fill((*C.rocksdb_iterator_t)(pointerOf(it)), direction, (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))),
		C.size_t(len(buf)), C.size_t(most), &size)
	return int(count), int(size)
}

// iteratorField is where a grocksdb.Iterator has RocksDB's iterator, which it does not give.
var iteratorField = func() uintptr {
	f, ok := reflect.TypeFor[grocksdb.Iterator]().FieldByName("c")
	if !ok || f.Type.Kind() != reflect.Pointer {
		panic("BUG: grocksdb.Iterator has another form")
	}
	return f.Offset
}()

func pointerOf(it *grocksdb.Iterator) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(it), iteratorField))
}
