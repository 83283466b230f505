package expr

import (
	"github.com/millracedb/millrace/sql/pgerr"
)

func init() {
	for _, t := range []string{"text", "bpchar"} {
		register(t+"like", likeLoop(false, 1))
		register(t+"nlike", likeLoop(false, 0))
		register(t+"iclike", likeLoop(true, 1))
		register(t+"icnlike", likeLoop(true, 0))
		register(t+"regexeq", regexLoop(false, 1))
		register(t+"regexne", regexLoop(false, 0))
		register(t+"icregexeq", regexLoop(true, 1))
		register(t+"icregexne", regexLoop(true, 0))
	}
	register("regexp_like(text,text)", regexLoop(false, 1))
	register("like_escape(text,text)", rows(func(k *call, i int) (err error) {
		k.out.Str[i], err = likeEscape(k.str(0, i), k.str(1, i))
		return err
	}))
	registerSimilar()
	registerRegexps()
	registerFormat()
	registerMore()
	register("substring(text,text)", rows(substringRegex))
	register("regexp_replace(text,text,text)", rows(func(k *call, i int) error { return replaceRegex(k, i, "") }))
	register("regexp_replace(text,text,text,text)", rows(func(k *call, i int) error { return replaceRegex(k, i, k.str(3, i)) }))
}

// likeLoop matches with LIKE; a pattern is compiled once for as long as it stays the same.
func likeLoop(fold bool, match int64) loop {
	return func(k *call) error {
		var compiled *likePattern
		var last string
		return k.each(func(i int) error {
			if pattern := k.str(1, i); compiled == nil || pattern != last {
				compiled, last = compileLike(pattern, fold), pattern
			}
			ok, err := compiled.match(k.str(0, i))
			k.out.Int[i] = bit(ok == (match == 1))
			return err
		})
	}
}

func regexLoop(fold bool, match int64) loop {
	return func(k *call) error {
		var compiled *regex
		var last string
		return k.each(func(i int) (err error) {
			if pattern := k.str(1, i); compiled == nil || pattern != last {
				if compiled, err = compileRegex(pattern, fold); err != nil {
					return err
				}
				last = pattern
			}
			k.out.Int[i] = bit(compiled.MatchString(k.str(0, i)) == (match == 1))
			return nil
		})
	}
}

func substringRegex(k *call, i int) error {
	r, err := compileRegex(k.str(1, i), false)
	if err == nil {
		err = r.inexact
	}
	if err != nil {
		return err
	}
	s := k.str(0, i)
	switch m := r.FindStringSubmatchIndex(s); {
	case m == nil, len(m) > 2 && m[2] < 0:
		k.setNull(i)
	case len(m) > 2:
		k.out.Str[i] = s[m[2]:m[3]]
	default:
		k.out.Str[i] = s[m[0]:m[1]]
	}
	return nil
}

func replaceRegex(k *call, i int, flags string) error {
	if flags != "" && flags[0] >= '0' && flags[0] <= '9' {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid regular expression option: \"%c\"", flags[0]).
			WithHint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.")
	}
	o, err := parseRegexOptions(flags, "")
	if err != nil {
		return err
	}
	r, err := o.compile(k.str(1, i))
	if err == nil {
		err = r.inexact
	}
	if err != nil {
		return err
	}
	k.out.Str[i] = regexReplace(r, k.str(0, i), k.str(2, i), o.global)
	return nil
}
