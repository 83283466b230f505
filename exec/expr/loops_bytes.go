package expr

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	registerSafe("byteacat", rows(func(k *call, i int) error { k.out.Str[i] = k.str(0, i) + k.str(1, i); return nil }))
	register("bytealike", byteLike(1))
	register("byteanlike", byteLike(0))
	registerBytesToInt()
	registerBytesToBytes()
	registerByteParts()
	for _, name := range []string{"substr", "substring"} {
		registerSafe(name+"(bytea,int4)", rows(func(k *call, i int) error {
			k.out.Str[i] = subBytes(k.str(0, i), k.int(1, i), int64(len(k.str(0, i)))+1)
			return nil
		}))
		register(name+"(bytea,int4,int4)", rows(func(k *call, i int) error {
			from, length := k.int(1, i), k.int(2, i)
			if length < 0 {
				return errNegativeSubstring
			}
			k.out.Str[i] = subBytes(k.str(0, i), from, from+length)
			return nil
		}))
	}
	registerByteTrims()
	register("gen_random_uuid()", func(k *call) error {
		for i := range k.out.Str {
			k.out.Str[i] = randomUUID()
		}
		return nil
	})
}

// byteLike is LIKE over bytes: each is taken as a character.
func byteLike(match int64) loop {
	return rows(func(k *call, i int) error {
		ok, err := compileLike(latin1(k.str(1, i)), false).match(latin1(k.str(0, i)))
		k.out.Int[i] = bit(ok == (match == 1))
		return err
	})
}

// latin1 makes a character of each byte.
func latin1(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

func registerBytesToInt() {
	for id, f := range map[string]func(string) int64{
		"length":       func(s string) int64 { return int64(len(s)) },
		"octet_length": func(s string) int64 { return int64(len(s)) },
		"bit_length":   func(s string) int64 { return int64(len(s)) * 8 },
		"bit_count": func(s string) (n int64) {
			for i := range len(s) {
				n += int64(bits.OnesCount8(s[i]))
			}
			return n
		},
	} {
		registerSafe(id+"(bytea)", rows(func(k *call, i int) error { k.out.Int[i] = f(k.str(0, i)); return nil }))
	}
	registerSafe("position(bytea,bytea)", rows(func(k *call, i int) error {
		k.out.Int[i] = int64(strings.Index(k.str(0, i), k.str(1, i)) + 1)
		return nil
	}))
}

func registerBytesToBytes() {
	for id, f := range map[string]func([]byte) []byte{
		"sha224": func(b []byte) []byte { h := sha256.Sum224(b); return h[:] },
		"sha256": func(b []byte) []byte { h := sha256.Sum256(b); return h[:] },
		"sha384": func(b []byte) []byte { h := sha512.Sum384(b); return h[:] },
		"sha512": func(b []byte) []byte { h := sha512.Sum512(b); return h[:] },
		"md5":    func(b []byte) []byte { h := md5.Sum(b); return []byte(hex.EncodeToString(h[:])) },
	} {
		registerSafe(id+"(bytea)", rows(func(k *call, i int) error { k.out.Str[i] = string(f([]byte(k.str(0, i)))); return nil }))
	}
}

// subBytes returns bytes from … to-1, counted from 1.
func subBytes(s string, from, to int64) string {
	from, to = max(from, 1), min(to, int64(len(s))+1)
	if from >= to {
		return ""
	}
	return s[from-1 : to-1]
}

func registerByteTrims() {
	for name, ends := range map[string][2]bool{"btrim": {true, true}, "ltrim": {true, false}, "rtrim": {false, true}} {
		registerSafe(name+"(bytea,bytea)", rows(func(k *call, i int) error {
			s, set := []byte(k.str(0, i)), []byte(k.str(1, i))
			for ends[0] && len(s) > 0 && bytes.IndexByte(set, s[0]) >= 0 {
				s = s[1:]
			}
			for ends[1] && len(s) > 0 && bytes.IndexByte(set, s[len(s)-1]) >= 0 {
				s = s[:len(s)-1]
			}
			k.out.Str[i] = string(s)
			return nil
		}))
	}
}

// registerByteParts registers the functions that look at one byte or bit.
func registerByteParts() {
	register("get_byte(bytea,int4)", rows(func(k *call, i int) error {
		s, n := k.str(0, i), k.int(1, i)
		if err := checkIndex(n, int64(len(s))); err != nil {
			return err
		}
		k.out.Int[i] = int64(s[n])
		return nil
	}))
	register("set_byte(bytea,int4,int4)", rows(func(k *call, i int) error {
		s, n := []byte(k.str(0, i)), k.int(1, i)
		if err := checkIndex(n, int64(len(s))); err != nil {
			return err
		}
		s[n] = byte(k.int(2, i))
		k.out.Str[i] = string(s)
		return nil
	}))
	register("get_bit(bytea,int8)", rows(func(k *call, i int) error {
		s, n := k.str(0, i), k.int(1, i)
		if err := checkIndex(n, int64(len(s))*8); err != nil {
			return err
		}
		k.out.Int[i] = int64(s[n/8] >> (n % 8) & 1)
		return nil
	}))
	register("set_bit(bytea,int8,int4)", rows(func(k *call, i int) error {
		s, n, to := []byte(k.str(0, i)), k.int(1, i), k.int(2, i)
		if err := checkIndex(n, int64(len(s))*8); err != nil {
			return err
		}
		if to != 0 && to != 1 {
			return pgerr.New(pgerr.InvalidParameterValue, "new bit must be 0 or 1")
		}
		s[n/8] = s[n/8]&^(1<<(n%8)) | byte(to)<<(n%8)
		k.out.Str[i] = string(s)
		return nil
	}))
}

func checkIndex(n, length int64) error {
	if n < 0 || n >= length {
		return pgerr.New("2202E", "index %d out of valid range, 0..%d", n, length-1)
	}
	return nil
}

// randomUUID returns the bytes of a random uuid (RFC 4122, version 4).
func randomUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return string(b[:])
}

// checkEncoding returns an error unless the name is that of UTF-8, the only encoding of texts.
func checkEncoding(name, role string) error {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name)) {
	case "utf8", "unicode":
		return nil
	}
	if len(name) > 0 && knownEncodings[strings.ToLower(name)] {
		return pgerr.Unsupported("encoding %s is", name)
	}
	if role != "" {
		role += " "
	}
	return pgerr.New(pgerr.InvalidParameterValue, "invalid %sencoding name \"%s\"", role, name)
}

// knownEncodings are the more common of PostgreSQL's other encodings.
var knownEncodings = map[string]bool{"latin1": true, "latin2": true, "latin9": true, "win1252": true, "sql_ascii": true, "euc_jp": true, "sjis": true,
	"gbk": true, "big5": true, "win1251": true, "koi8r": true}

func init() {
	register("convert_from(bytea,name)", rows(func(k *call, i int) error {
		if err := checkEncoding(k.str(1, i), "source"); err != nil {
			return err
		}
		k.out.Str[i] = k.str(0, i)
		return types.CheckText(k.str(0, i))
	}))
	register("convert(bytea,name,name)", rows(func(k *call, i int) error {
		for a, role := range []string{"source", "destination"} {
			if err := checkEncoding(k.str(a+1, i), role); err != nil {
				return err
			}
		}
		k.out.Str[i] = k.str(0, i)
		return types.CheckText(k.str(0, i))
	}))
	register("length(bytea,name)", rows(func(k *call, i int) error {
		if err := checkEncoding(k.str(1, i), ""); err != nil {
			return err
		}
		k.out.Int[i] = int64(utf8.RuneCountInString(k.str(0, i)))
		return types.CheckText(k.str(0, i))
	}))
	register("convert_to(text,name)", rows(func(k *call, i int) error {
		k.out.Str[i] = k.str(0, i)
		return checkEncoding(k.str(1, i), "destination")
	}))
}
