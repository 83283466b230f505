package exec

import "hash/maphash"

// keySetBytes is what a key of a keySet takes, about.
const keySetBytes = 40

// keySet is the set of keys that a statement has written, by 128 bits of hash: two different keys of a statement that
// writes a thousand million rows meet with a probability below 10^-20.
type keySet struct {
	seen map[[2]uint64]struct{}
	mem  account
}

var keySeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func newKeySet(env *Env) *keySet {
	return &keySet{seen: map[[2]uint64]struct{}{}, mem: env.account("set of keys written")}
}

// add adds key and reports whether it was not there. Errors: 53200.
func (s *keySet) add(key []byte) (bool, error) {
	h := hashKey(key)
	if _, ok := s.seen[h]; ok {
		return false, nil
	}
	s.seen[h] = struct{}{}
	return true, s.mem.grow(keySetBytes)
}

// has reports whether key was added.
func (s *keySet) has(key []byte) bool {
	_, ok := s.seen[hashKey(key)]
	return ok
}

func hashKey(key []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(keySeeds[0], key), maphash.Bytes(keySeeds[1], key)}
}
