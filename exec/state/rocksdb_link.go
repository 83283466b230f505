//go:build !grocksdb_no_link

package state

// #cgo LDFLAGS: -lrocksdb
import "C"
