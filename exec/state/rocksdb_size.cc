#include <cstdint>

#include <rocksdb/db.h>

// As in RocksDB's c.cc, which has no way to count what is not flushed.
struct rocksdb_t { rocksdb::DB* rep; };

// millrace_range_size estimates the bytes of the keys in [from, to), in files and memtables.
extern "C" uint64_t millrace_range_size(void* db, const char* from, size_t from_size, const char* to, size_t to_size) {
	rocksdb::DB* rep = static_cast<rocksdb_t*>(db)->rep;
	rocksdb::Range range(rocksdb::Slice(from, from_size), rocksdb::Slice(to, to_size));
	rocksdb::SizeApproximationOptions options;
	options.include_memtables = true;
	options.include_files = true;
	uint64_t size = 0;
	if (!rep->GetApproximateSizes(options, rep->DefaultColumnFamily(), &range, 1, &size).ok()) {
		return 0;
	}
	return size;
}
