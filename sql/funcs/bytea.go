package funcs

import "github.com/millracedb/millrace/sql/types"

// addBytea adds the functions over bytes, and those that make texts of them.
func (r *registry) addBytea() {
	b, text, i4, i8 := types.Bytea, types.Text, types.Int4, types.Int8
	r.fn("length", i4, b).doc("number of bytes", `length('\x1234'::bytea)`)
	r.fn("octet_length", i4, b).doc("number of bytes", `octet_length('\x1234'::bytea)`)
	r.fn("bit_length", i4, b).doc("number of bits", `bit_length('\x1234'::bytea)`)
	for _, name := range []string{"substr", "substring"} {
		r.fn(name, b, b, i4).doc("from a byte on, counted from 1", name+`('\x123456'::bytea, 2)`)
		r.fn(name, b, b, i4, i4).doc("so many bytes from a byte on", name+`('\x123456'::bytea, 2, 1)`)
	}
	r.fn("position", i4, b, b).doc("place of the second in the first, from 1; 0 if it is not there", `position('\x34'::bytea in '\x1234'::bytea)`)
	for _, name := range []string{"btrim", "ltrim", "rtrim"} {
		r.fn(name, b, b, b).doc("without bytes of the second at the start, the end or both", name+`('\x001200'::bytea, '\x00')`)
	}
	r.fn("get_byte", i4, b, i4).doc("a byte, counted from 0", `get_byte('\x1234'::bytea, 1)`)
	r.fn("set_byte", b, b, i4, i4).doc("with a byte changed", `set_byte('\x1234'::bytea, 1, 64)`)
	r.fn("get_bit", i4, b, i8).doc("a bit, counted from 0", `get_bit('\x1234'::bytea, 2)`)
	r.fn("set_bit", b, b, i8, i4).doc("with a bit changed", `set_bit('\x1234'::bytea, 2, 1)`)
	r.fn("bit_count", i8, b).doc("number of bits that are set", `bit_count('\x1234'::bytea)`)
	r.fn("md5", text, b).doc("MD5 in hexadecimal", `md5('abc'::bytea)`)
	for _, bits := range []string{"224", "256", "384", "512"} {
		r.fn("sha"+bits, b, b).doc("SHA-"+bits, "sha"+bits+`('abc'::bytea)`)
	}
	r.fn("encode", text, b, text).doc("bytes as text: hex, base64 or escape", `encode('\x1234'::bytea, 'base64')`)
	r.fn("decode", b, text, text).doc("bytes of a text: hex, base64 or escape", `decode('MTIz', 'base64')`)
	r.fn("convert_from", text, b, types.Name).stable().doc("text of bytes in an encoding", `convert_from('abc'::bytea, 'UTF8')`)
	r.fn("convert_to", b, text, types.Name).stable().doc("bytes of a text in an encoding", `convert_to('abc', 'UTF8')`)
	r.fn("convert", b, b, types.Name, types.Name).stable().doc("bytes of a text from one encoding in another", `convert('abc'::bytea, 'UTF8', 'UTF8')`)
	r.fn("length", i4, b, types.Name).stable().doc("number of characters of bytes in an encoding", `length('jose'::bytea, 'UTF8')`)
	r.fn("overlay", b, b, b, i4).doc("bytes from a place on replaced by as many", `overlay('\x12345678'::bytea placing '\x0203'::bytea from 2)`)
	r.fn("overlay", b, b, b, i4, i4).doc("so many bytes from a place on replaced", `overlay('\x12345678'::bytea placing '\x0203'::bytea from 2 for 3)`)
	r.fn("gen_random_uuid", types.UUID).volatile().doc("a random uuid, version 4", "gen_random_uuid()")
}
