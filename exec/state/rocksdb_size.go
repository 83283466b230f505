package state

/*
#cgo CXXFLAGS: -std=c++17 -O2
#include <stddef.h>
#include <stdint.h>

uint64_t millrace_range_size(void* db, const char* from, size_t from_size, const char* to, size_t to_size);
*/
import "C"

import (
	"reflect"
	"unsafe"

	"github.com/linxGnu/grocksdb"
)

// Sizer estimates the bytes that the keys in [from, to) take, without reading them.
type Sizer interface{ RangeBytes(from, to []byte) int64 }

var _ Sizer = (*RocksDB)(nil)

// RangeBytes implements Sizer: of files to a block, compressed, of what is not flushed roughly. Keys that were deleted or replaced count until
// RocksDB has merged them away. 0 if the store is closed.
func (r *RocksDB) RangeBytes(from, to []byte) int64 {
	if len(from) == 0 || len(to) == 0 || !r.acquire() {
		return 0
	}
	defer r.release()
	return int64(C.millrace_range_size(handleOf(r.db), (*C.char)(unsafe.Pointer(&from[0])), C.size_t(len(from)),
		(*C.char)(unsafe.Pointer(&to[0])), C.size_t(len(to))))
}

// handleOffset is where grocksdb.DB has the C object.
var handleOffset = func() uintptr {
	f, ok := reflect.TypeFor[grocksdb.DB]().FieldByName("c")
	if !ok || f.Type.Kind() != reflect.Pointer {
		panic("BUG: grocksdb.DB has no field c")
	}
	return f.Offset
}()

func handleOf(db *grocksdb.DB) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(db), handleOffset))
}

// RangeBytes implements Sizer for what is on disk.
func (s *Split) RangeBytes(from, to []byte) int64 {
	if d, ok := s.disk.(Sizer); ok {
		return d.RangeBytes(from, to)
	}
	return 0
}
