package funcs

import "sync"

// symbols maps the ids of operators' functions to the operators.
var symbols = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for symbol, sigs := range table.operators {
		for _, s := range sigs {
			m[s.ID] = symbol
		}
	}
	return m
})

// Symbol returns the operator that the signature with an id is the function of, "" for any other.
func Symbol(id string) string { return symbols()[id] }
