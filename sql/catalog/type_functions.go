package catalog

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/millracedb/millrace/sql/types"
)

//go:embed type_functions.txt
var typeFunctionsText string

// typeFunctionColumns are the columns of pg_type that name functions, in the order of the list.
var typeFunctionColumns = []string{"typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout", "typanalyze", "typsubscript"}

type typeFunctions struct {
	ofType map[string][]uint32 // by typname, in the order of typeFunctionColumns
	number map[string]uint32
	name   map[uint32]string
}

var typeFunctionTable = sync.OnceValue(func() typeFunctions {
	t := typeFunctions{map[string][]uint32{}, map[string]uint32{}, map[uint32]string{}}
	for line := range strings.Lines(typeFunctionsText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		for _, f := range fields[1:] {
			name, digits, _ := strings.Cut(f, ":")
			n, err := strconv.ParseUint(digits, 10, 32)
			if err != nil {
				panic("BUG: function " + f + " of type " + fields[0])
			}
			if t.ofType[fields[0]] = append(t.ofType[fields[0]], uint32(n)); n != 0 {
				t.number[name], t.name[uint32(n)] = uint32(n), name
			}
		}
	}
	return t
})

// putTypeFunctions completes a row of pg_type.
func putTypeFunctions(row record, t types.Type) {
	all := typeFunctionTable().ofType
	list := all[typname(t)]
	if t.IsArray() {
		list = all["_int4"]
		for i, f := range all[typname(t.Element())] { // an array's modifier is its elements'
			if c := typeFunctionColumns[i]; c == "typmodin" || c == "typmodout" {
				list = append([]uint32(nil), list...)
				list[i] = f
			}
		}
	}
	for i, f := range list {
		row[typeFunctionColumns[i]] = num(f)
	}
}
