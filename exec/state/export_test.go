package state

import "github.com/linxGnu/grocksdb"

// Bare is RocksDB itself, for what is measured beside it.
func (r *RocksDB) Bare() (*grocksdb.DB, *grocksdb.ReadOptions, *grocksdb.WriteOptions) {
	return r.db, r.read, r.write
}
