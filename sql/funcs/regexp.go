package funcs

import "github.com/millracedb/millrace/sql/types"

// addRegexps adds the functions of regular expressions that give something of each match.
func (r *registry) addRegexps() {
	text, i4, texts := types.Text, types.Int4, types.ArrayOf(types.Text)
	r.fn("regexp_like", types.Bool, text, text, text).doc("whether a regular expression matches, with options", "regexp_like('Hello', 'L+', 'i')")
	r.fn("regexp_match", texts, text, text).doc("groups of the first match, or the match", "regexp_match('foobarbequebaz', '(bar)(beque)')")
	r.fn("regexp_match", texts, text, text, text).doc("likewise, with options", "regexp_match('foobar', 'O(.)', 'i')")
	r.fn("regexp_split_to_array", texts, text, text).doc("what stands between matches", "regexp_split_to_array('hello world', '\\s+')")
	r.fn("regexp_split_to_array", texts, text, text, text).doc("likewise, with options", "regexp_split_to_array('aXbxc', 'x', 'i')")
	r.fn("regexp_count", i4, text, text).doc("number of matches", "regexp_count('ABCABCAXYaxy', 'A.')")
	r.fn("regexp_count", i4, text, text, i4).doc("number of matches from a character on", "regexp_count('ABCABCAXYaxy', 'A.', 2)")
	r.fn("regexp_count", i4, text, text, i4, text).doc("likewise, with options", "regexp_count('ABCABCAXYaxy', 'A.', 1, 'i')")
	r.fn("regexp_instr", i4, text, text).doc("place of the first match, from 1; 0 without one", "regexp_instr('ABCDEF', 'c(.)(..)')")
	r.fn("regexp_instr", i4, text, text, i4).doc("likewise, from a character on", "regexp_instr('ABCDEFABC', 'AB', 2)")
	r.fn("regexp_instr", i4, text, text, i4, i4).doc("place of a match by its number", "regexp_instr('ABCABCABC', 'BC', 1, 2)")
	r.fn("regexp_instr", i4, text, text, i4, i4, i4).doc("likewise, or with 1 of the character behind it", "regexp_instr('ABCABCABC', 'BC', 1, 2, 1)")
	r.fn("regexp_instr", i4, text, text, i4, i4, i4, text).doc("likewise, with options", "regexp_instr('ABCDEF', 'c(.)(..)', 1, 1, 0, 'i')")
	r.fn("regexp_instr", i4, text, text, i4, i4, i4, text, i4).doc("likewise, of a group", "regexp_instr('ABCDEF', 'c(.)(..)', 1, 1, 0, 'i', 2)")
	r.fn("regexp_substr", text, text, text).doc("the first match", "regexp_substr('ABCDEF', 'C.')")
	r.fn("regexp_substr", text, text, text, i4).doc("likewise, from a character on", "regexp_substr('ABCDEFAB', 'A.', 2)")
	r.fn("regexp_substr", text, text, text, i4, i4).doc("a match by its number", "regexp_substr('A1A2A3', 'A.', 1, 3)")
	r.fn("regexp_substr", text, text, text, i4, i4, text).doc("likewise, with options", "regexp_substr('ABCDEF', 'c.', 1, 1, 'i')")
	r.fn("regexp_substr", text, text, text, i4, i4, text, i4).doc("likewise, of a group", "regexp_substr('ABCDEF', 'c(.)(..)', 1, 1, 'i', 2)")
	r.fn("regexp_replace", text, text, text, text, i4).doc("first match from a character on replaced", "regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 5)")
	r.fn("regexp_replace", text, text, text, text, i4, i4).doc("match by its number replaced, with 0 all", "regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 3)")
	r.fn("regexp_replace", text, text, text, text, i4, i4, text).doc("likewise, with options", "regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 0, 'i')")
	r.fn("format", text, text).lax().stable().doc("text with %% as %", "format('100%%')")
	r.fn("format", text, text, Any).lax().variadic().stable().doc("text with arguments put in for %s, %I and %L", "format('%s: %I = %L, %-5s|', 1, 'A b', 'it''s', true)")
}
