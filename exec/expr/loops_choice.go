package expr

import (
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	for _, s := range funcs.All() {
		switch s.Name {
		case "greatest":
			registerSafe(s.ID, extremeLoop(1))
		case "least":
			registerSafe(s.ID, extremeLoop(-1))
		}
	}
}

// extremeLoop gives the greatest (sign 1) or the least (-1) argument that is not NULL.
func extremeLoop(sign int) loop {
	return func(k *call) error {
		for i := range k.n {
			best := -1
			for a, c := range k.args {
				if c.null(i) {
					continue
				}
				if best < 0 || types.CompareValues(c.Vector, c.at(i), k.args[best].Vector, k.args[best].at(i))*sign > 0 {
					best = a
				}
			}
			if best < 0 {
				k.setNull(i)
				continue
			}
			c := k.args[best]
			put(k.out, i, c.Vector, c.at(i))
		}
		return nil
	}
}
