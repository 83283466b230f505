package funcs

import "github.com/millracedb/millrace/sql/types"

func (r *registry) addText() {
	text, i4 := types.Text, types.Int4
	r.fn("lower", text, text).doc("in lower case", "lower('TOM')")
	r.fn("upper", text, text).doc("in upper case", "upper('tom')")
	r.fn("initcap", text, text).doc("first letter of each word in upper case, the others in lower case", "initcap('hi THOMAS')")
	for _, name := range []string{"length", "char_length", "character_length"} {
		r.fn(name, i4, text).doc("number of characters", name+"('josé')")
		r.fn(name, i4, types.Bpchar).doc("number of characters without the spaces at the end", name+"('jo'::char(4))")
	}
	r.addBytea()
	r.fn("normalize", text, text, text).doc("in a normal form of Unicode", "normalize(U&'\\0061\\0308bc', NFC)")
	r.fn("is_normalized", types.Bool, text, text).doc("whether it is in a normal form of Unicode", "U&'\\0061\\0308bc' IS NFD NORMALIZED")
	r.fn("unistr", text, text).doc("with Unicode escapes evaluated", `unistr('d\0061t\+000061')`)
	r.fn("parse_ident", types.TextArray, text, types.Bool).doc("parts of a qualified name", `parse_ident('"SomeSchema".someTable')`)
	r.fn("pg_size_bytes", types.Int8, text).doc("a size with its unit in bytes", "pg_size_bytes('10 MB')")
	r.fn("octet_length", i4, types.Bpchar).doc("number of bytes", "octet_length('jo'::char(4))")
	r.fn("octet_length", i4, text).doc("number of bytes", "octet_length('josé')")
	r.fn("bit_length", i4, text).doc("number of bits", "bit_length('jose')")
	for _, name := range []string{"substr", "substring"} {
		r.fn(name, text, text, i4).doc("from a character on, counted from 1", name+"('Thomas', 3)")
		r.fn(name, text, text, i4, i4).doc("so many characters from a character on", name+"('Thomas', 2, 3)")
	}
	r.fn("substring", text, text, text).doc("what a regular expression matches, or its first group", "substring('Thomas', '...$')")
	r.addTrim()
	r.fn("replace", text, text, text, text).doc("each occurrence of the second replaced by the third", "replace('abcdefabcdef', 'cd', 'XX')")
	r.fn("overlay", text, text, text, i4).doc("characters from a place on replaced by as many", "overlay('Txxxxas' placing 'hom' from 2)")
	r.fn("overlay", text, text, text, i4, i4).doc("so many characters from a place on replaced", "overlay('Txxxxas' placing 'hom' from 2 for 4)")
	r.fn("num_nulls", i4, Any).lax().variadic().doc("how many arguments are NULL", "num_nulls(1, NULL, 2)")
	r.fn("num_nonnulls", i4, Any).lax().variadic().doc("how many arguments are not NULL", "num_nonnulls(1, NULL, 2)")
	r.fn("translate", text, text, text, text).doc("characters of the second replaced by those of the third", "translate('12345', '143', 'ax')")
	r.fn("position", i4, text, text).doc("place of the second in the first, from 1; 0 if it is not there", "position('ig' in 'high')")
	r.fn("strpos", i4, text, text).doc("place of the second in the first, from 1; 0 if it is not there", "strpos('high', 'ig')")
	r.fn("left", text, text, i4).doc("first characters, or all but the last", "left('abcde', 2)")
	r.fn("right", text, text, i4).doc("last characters, or all but the first", "right('abcde', 2)")
	r.fn("repeat", text, text, i4).doc("so many times", "repeat('Pg', 4)")
	r.fn("reverse", text, text).doc("characters in reverse order", "reverse('abcde')")
	r.fn("starts_with", types.Bool, text, text).doc("whether the first starts with the second", "starts_with('alphabet', 'alph')")
	r.fn("split_part", text, text, text, i4).doc("a field between separators, from 1; from the end if negative", "split_part('abc~@~def', '~@~', 2)")
	r.fn("md5", text, text).doc("MD5 in hexadecimal", "md5('abc')")
	r.fn("ascii", i4, text).doc("code of the first character", "ascii('x')")
	r.fn("chr", text, i4).doc("character with a code", "chr(65)")
	r.fn("to_hex", text, i4).doc("in hexadecimal", "to_hex(255)")
	r.fn("to_hex", text, types.Int8).doc("in hexadecimal", "to_hex(255)")
	r.addPatterns()
	r.fn("concat", text, Any).lax().variadic().stable().doc("texts of the arguments in a row, without NULLs", "concat('abc', 2, NULL)")
	r.fn("concat_ws", text, text, Any).lax().variadic().stable().doc("texts of the arguments with a separator, without NULLs", "concat_ws(',', 'a', 2, NULL)")
	r.addQuoting()
}

func (r *registry) addTrim() {
	text, i4 := types.Text, types.Int4
	for _, name := range []string{"btrim", "trim", "ltrim", "rtrim"} {
		r.fn(name, text, text).doc("without spaces at the start, the end or both", name+"('  a ')")
		r.fn(name, text, text, text).doc("without characters of the second at the start, the end or both", name+"('xyxtrimyyx', 'xyz')")
	}
	for _, name := range []string{"lpad", "rpad"} {
		r.fn(name, text, text, i4).doc("filled with spaces, or cut, to a length", name+"('hi', 5)")
		r.fn(name, text, text, i4, text).doc("filled or cut to a length", name+"('hi', 5, 'xy')")
	}
}

func (r *registry) addPatterns() {
	text := types.Text
	r.fn("regexp_like", types.Bool, text, text).doc("whether a regular expression matches", "regexp_like('Hello', 'l+')")
	r.addRegexps()
	r.fn("like_escape", text, text, text).doc("pattern of LIKE with another escape character", "like_escape('a#%', '#')")
	r.fn("similar_to_escape", text, text).doc("pattern of SIMILAR TO as a regular expression", "similar_to_escape('a_%')")
	r.fn("similar_to_escape", text, text, text).doc("likewise, with another escape character", "similar_to_escape('a#_%', '#')")
	r.fn("substring", text, text, text, text).doc("what a pattern of SIMILAR TO matches between two marks", "substring('foobar' SIMILAR '%#\"o_b#\"%' ESCAPE '#')")
	r.fn("regexp_replace", text, text, text, text).doc("first match replaced", "regexp_replace('Thomas', '.[mN]a.', 'M')")
	r.fn("regexp_replace", text, text, text, text, text).doc("matches replaced, with flags", "regexp_replace('foobarbaz', 'b..', 'X', 'g')")
}

func (r *registry) addQuoting() {
	text := types.Text
	r.fn("quote_ident", text, text).doc("as an identifier", "quote_ident('Foo bar')")
	r.fn("quote_literal", text, text).doc("as a string literal", "quote_literal('O''Reilly')")
	r.fn("quote_literal", text, Any).stable().doc("as a string literal", "quote_literal(42.5)")
	r.fn("quote_nullable", text, text).lax().doc("as a string literal, or NULL", "quote_nullable(NULL)")
}
