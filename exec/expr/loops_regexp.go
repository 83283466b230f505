package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func registerRegexps() {
	register("regexp_like(text,text,text)", rows(func(k *call, i int) error {
		r, _, err := k.regex(i, 2, "regexp_like")
		if err == nil {
			k.out.Int[i] = bit(r.MatchString(k.str(0, i)))
		}
		return err
	}))
	for _, more := range []string{"", ",text"} {
		register("regexp_match(text,text"+more+")", rows(func(k *call, i int) (err error) {
			r, _, err := k.regex(i, 2, "regexp_match")
			if err != nil {
				return err
			}
			m := r.FindStringSubmatchIndex(k.str(0, i))
			if m == nil {
				k.setNull(i)
				return nil
			}
			k.out.Str[i], err = encodeArray(groupsOf(k.str(0, i), m))
			return err
		}))
		register("regexp_split_to_array(text,text"+more+")", rows(func(k *call, i int) (err error) {
			fields, err := k.splitRegex(i, "regexp_split_to_array")
			if err == nil {
				k.out.Str[i], err = encodeArray(fields)
			}
			return err
		}))
		sets["regexp_split_to_table(text,text"+more+")"] = func(k *call) (Rows, error) {
			fields, err := k.splitRegex(0, "regexp_split_to_table")
			return &listed{cols: []*types.Vector{fields}}, err
		}
		sets["regexp_matches(text,text"+more+")"] = matchesSet
	}
	for _, more := range []string{"", ",int4", ",int4,text"} {
		register("regexp_count(text,text"+more+")", rows(countRegex))
	}
	for _, more := range []string{"", ",int4", ",int4,int4", ",int4,int4,int4", ",int4,int4,int4,text", ",int4,int4,int4,text,int4"} {
		register("regexp_instr(text,text"+more+")", rows(instrRegex))
	}
	for _, more := range []string{"", ",int4", ",int4,int4", ",int4,int4,text", ",int4,int4,text,int4"} {
		register("regexp_substr(text,text"+more+")", rows(substrRegex))
	}
	for _, more := range []string{",int4", ",int4,int4", ",int4,int4,text"} {
		register("regexp_replace(text,text,text"+more+")", rows(replaceRegexFrom))
	}
}

// regex compiles argument 1 in row i, with the options that are argument at, if it is there.
func (k *call) regex(i, at int, function string) (*regex, regexOptions, error) {
	letters := ""
	if at < len(k.args) {
		letters = k.str(at, i)
	}
	o, err := parseRegexOptions(letters, function)
	if err != nil {
		return nil, o, err
	}
	r, err := o.compile(k.str(1, i))
	if err == nil && function != "regexp_like" {
		err = r.inexact
	}
	return r, o, err
}

// groupsOf returns the groups of a match as texts, or, if the expression has none, the match.
func groupsOf(s string, m []int) *types.Vector {
	first := 2
	if len(m) == 2 {
		first = 0
	}
	out := types.NewVector(types.Text, len(m)/2)
	for g := first; g < len(m); g += 2 {
		if m[g] < 0 {
			out.Append(types.NullDatum)
		} else {
			out.Append(types.StrDatum(s[m[g]:m[g+1]]))
		}
	}
	return out
}

func matchesSet(k *call) (Rows, error) {
	r, o, err := k.regex(0, 2, "")
	if err != nil {
		return nil, err
	}
	n := 1
	if o.global {
		n = -1
	}
	out := types.NewVector(types.ArrayOf(types.Text), 0)
	for _, m := range findAll(r, k.str(0, 0), n, false) {
		a, err := encodeArray(groupsOf(k.str(0, 0), m))
		if err != nil {
			return nil, err
		}
		out.Append(types.StrDatum(a))
	}
	return &listed{cols: []*types.Vector{out}}, nil
}

// splitRegex returns what stands between matches. Empty matches at the start, the end and behind another match do not count.
func (k *call) splitRegex(i int, function string) (*types.Vector, error) {
	r, _, err := k.regex(i, 2, function)
	if err != nil {
		return nil, err
	}
	s, from := k.str(0, i), 0
	out := types.NewVector(types.Text, 1)
	for _, m := range findAll(r, s, -1, true) {
		if m[0] == m[1] && (m[0] == 0 || m[0] == len(s) || m[0] == from) {
			continue
		}
		out.Append(types.StrDatum(s[from:m[0]]))
		from = m[1]
	}
	out.Append(types.StrDatum(s[from:]))
	return out, nil
}

// positive returns the number that is argument a in row i, or what stands for it, and checks that it is not below least.
func (k *call) positive(a, i int, name string, least, otherwise int64) (int64, error) {
	if a >= len(k.args) {
		return otherwise, nil
	}
	n := k.int(a, i)
	if n < least {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"%s\": %d", name, n)
	}
	return n, nil
}

// matchesFrom returns the matches in row i that begin at a character, counted from 1, or behind it.
func matchesFrom(r *regex, s string, start int64) [][]int {
	at := byteOffset(s, start-1)
	if at < 0 {
		return nil
	}
	found := findAll(r, s[at:], -1, false)
	for _, m := range found {
		for g := range m {
			if m[g] >= 0 {
				m[g] += at
			}
		}
	}
	return found
}

// byteOffset returns where character n of s begins, the end for the one behind the last, -1 beyond.
func byteOffset(s string, n int64) int {
	for at := range s {
		if n == 0 {
			return at
		}
		n--
	}
	if n == 0 {
		return len(s)
	}
	return -1
}

func countRegex(k *call, i int) error {
	start, err := k.positive(2, i, "start", 1, 1)
	if err != nil {
		return err
	}
	r, _, err := k.regex(i, 3, "regexp_count")
	if err == nil {
		k.out.Int[i] = int64(len(matchesFrom(r, k.str(0, i), start)))
	}
	return err
}

// nthMatch returns match n of row i, nil if there are not so many; the options are argument at.
func (k *call) nthMatch(i, at int, function string) ([]int, error) {
	start, err := k.positive(2, i, "start", 1, 1)
	if err != nil {
		return nil, err
	}
	n, err := k.positive(3, i, "n", 1, 1)
	if err != nil {
		return nil, err
	}
	r, _, err := k.regex(i, at, function)
	if err != nil {
		return nil, err
	}
	found := matchesFrom(r, k.str(0, i), start)
	if int64(len(found)) < n {
		return nil, nil
	}
	return found[n-1], nil
}

func instrRegex(k *call, i int) error {
	if len(k.args) > 4 && k.int(4, i) != 0 && k.int(4, i) != 1 {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"%s\": %d", "endoption", k.int(4, i))
	}
	group, err := k.positive(6, i, "subexpr", 0, 0)
	if err != nil {
		return err
	}
	m, err := k.nthMatch(i, 5, "regexp_instr")
	if err != nil || m == nil || int(2*group) >= len(m) || m[2*group] < 0 {
		k.out.Int[i] = 0
		return err
	}
	at := m[2*group]
	if len(k.args) > 4 {
		at = m[2*group+k.int(4, i)]
	}
	k.out.Int[i] = int64(utf8.RuneCountInString(k.str(0, i)[:at])) + 1
	return nil
}

func substrRegex(k *call, i int) error {
	group, err := k.positive(5, i, "subexpr", 0, 0)
	if err != nil {
		return err
	}
	m, err := k.nthMatch(i, 4, "regexp_substr")
	switch {
	case err != nil:
		return err
	case m == nil, int(2*group) >= len(m), m[2*group] < 0:
		k.setNull(i)
	default:
		k.out.Str[i] = k.str(0, i)[m[2*group]:m[2*group+1]]
	}
	return nil
}

// replaceRegexFrom replaces match n, or with 0 all, of those from a character on.
func replaceRegexFrom(k *call, i int) error {
	start, err := k.positive(3, i, "start", 1, 1)
	if err != nil {
		return err
	}
	n, err := k.positive(4, i, "n", 0, 1)
	if err != nil {
		return err
	}
	r, o, err := k.regex(i, 5, "")
	if err != nil {
		return err
	}
	if len(k.args) == 4 && o.global {
		n = 0
	}
	s := k.str(0, i)
	var b strings.Builder
	end := 0
	for at, m := range matchesFrom(r, s, start) {
		if n != 0 && int64(at)+1 != n {
			continue
		}
		b.WriteString(s[end:m[0]])
		writeReplacement(&b, s, k.str(2, i), m)
		end = m[1]
	}
	b.WriteString(s[end:])
	if b.Len() > maxText {
		return errTextLength
	}
	k.out.Str[i] = b.String()
	return nil
}
