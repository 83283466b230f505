package expr

import (
	"math"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Arithmetic on real: in double precision, rounded once, which gives what arithmetic in single precision gives.

func init() {
	for id, f := range map[string]func(a, b float64) (float64, error){
		"pl":  func(a, b float64) (float64, error) { return finite(a+b, a, b) },
		"mi":  func(a, b float64) (float64, error) { return finite(a-b, a, b) },
		"mul": multiplyFloats, "div": divideFloats,
	} {
		register("float48"+id, floatsLoop(f))
		register("float84"+id, floatsLoop(f))
		register("float4"+id, floatsLoop(func(a, b float64) (float64, error) {
			x, err := f(a, b)
			if err != nil {
				return 0, err
			}
			return toFloat4(x)
		}))
	}
}

// toFloat4 rounds f to a real.
func toFloat4(f float64) (float64, error) {
	x := float64(float32(f))
	switch {
	case math.IsInf(x, 0) && !math.IsInf(f, 0):
		return 0, errOverflow
	case x == 0 && f != 0:
		return 0, errUnderflow
	}
	return x, nil
}

// toFloat4Loop converts double precision and numeric to real.
func toFloat4Loop(from types.ID) loop {
	if from == types.IDNumeric {
		return rows(numericToFloat4)
	}
	return floatLoop(toFloat4)
}

func numericToFloat4(k *call, i int) error {
	d := k.dec(0, i)
	if d.Form != apd.Finite {
		k.out.Float[i] = floatOf(d)
		return nil
	}
	text := string(types.AppendNumeric(nil, d))
	x, err := types.ParseText(types.Float4, text, types.Scope{}) // not through double precision: that would round twice
	if err != nil {
		return pgerr.From(err)
	}
	k.out.Float[i] = x.Float
	return nil
}
