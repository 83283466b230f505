package types

import "encoding/binary"

// Murmur2 returns the hash of key that Kafka's clients use to choose a partition (org.apache.kafka.common.utils.Utils).
func Murmur2(key []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := seed ^ uint32(len(key))
	for len(key) >= 4 {
		k := binary.LittleEndian.Uint32(key) * m
		k = (k ^ k>>r) * m
		h = h*m ^ k
		key = key[4:]
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// Partition returns the partition, of n, of a record with the encoded key, as Kafka's clients choose it.
func Partition(key []byte, n int) uint32 {
	return (Murmur2(key) & 0x7fffffff) % uint32(n)
}
