package expr

import (
	"math/big"

	"github.com/millracedb/millrace/sql/types"
)

func init() {
	for _, t := range []types.Type{types.Int4, types.Int8} {
		r := rangeOf(t)
		args := "(" + t.ShortName() + "," + t.ShortName() + ")"
		register("gcd"+args, divisorLoop(r, func(a, b, gcd *big.Int) *big.Int { return gcd }))
		register("lcm"+args, divisorLoop(r, func(a, b, gcd *big.Int) *big.Int {
			if gcd.Sign() == 0 {
				return gcd
			}
			return new(big.Int).Abs(new(big.Int).Mul(a, new(big.Int).Quo(b, gcd)))
		}))
	}
}

// divisorLoop gives what f makes of two integers and their greatest common divisor.
func divisorLoop(r intRange, f func(a, b, gcd *big.Int) *big.Int) loop {
	return rows(func(k *call, i int) error {
		a, b := big.NewInt(k.int(0, i)), big.NewInt(k.int(1, i))
		gcd := new(big.Int).GCD(nil, nil, new(big.Int).Abs(a), new(big.Int).Abs(b))
		x := f(a, b, gcd)
		if !x.IsInt64() || r.wrap(x.Int64()) != x.Int64() {
			return r.err()
		}
		k.out.Int[i] = x.Int64()
		return nil
	})
}
