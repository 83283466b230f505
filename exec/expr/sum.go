package expr

import "math/big"

// exactSum is a sum of integers of any size. What fits is added to 64 bits, which are carried over when they are full.
type exactSum struct {
	small int64
	large big.Int
}

// add adds x·times.
func (s *exactSum) add(x, times int64) {
	term := x * times
	sum := s.small + term
	if times != 1 && multiplyInts.overflows(x, times, term) || addInts.overflows(s.small, term, sum) {
		var product big.Int
		s.addBig(product.Mul(big.NewInt(x), big.NewInt(times)))
		return
	}
	s.small = sum
}

func (s *exactSum) addBig(x *big.Int) { s.large.Add(&s.large, x) }

// value returns the sum, valid until the next call of a method.
func (s *exactSum) value() *big.Int {
	if s.small != 0 {
		s.large.Add(&s.large, big.NewInt(s.small))
		s.small = 0
	}
	return &s.large
}

// set makes the sum x, which it keeps.
func (s *exactSum) set(x *big.Int) {
	s.small = 0
	s.large = *x
}
