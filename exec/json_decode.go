package exec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/types"
)

var (
	errNoUTF8   = errors.New("value is not UTF-8")
	errNoObject = errors.New("value is no JSON object")
)

// fillJSON decodes an object to d.row: its members by the columns' names, a missing one is NULL, others are not looked at. A
// key column that the object lacks is taken from the record's key, as other programs write it there only.
func (d *streamDecoder) fillJSON(rec *log.Record) error {
	if !utf8.Valid(rec.Value) {
		return errNoUTF8
	}
	members, err := jsonObject(rec.Value)
	if err != nil {
		return err
	}
	for c, name := range d.Names {
		raw, there := members[name]
		if !there && slices.Contains(d.Key, c) {
			raw = d.keyMember(rec.Key, name)
		}
		if d.row[c], err = jsonDatum(d.columns[c], raw); err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
	}
	return nil
}

// jsonObject returns the members of an object; of two of one name the last counts.
func jsonObject(text []byte) (map[string]json.RawMessage, error) {
	if b := bytes.TrimLeft(text, " \t\r\n"); len(b) == 0 || b[0] != '{' {
		return nil, errNoObject
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	return members, nil
}

// keyMember returns the value of a key column in the key of a record; nil if the key does not have it.
func (d *streamDecoder) keyMember(key []byte, name string) json.RawMessage {
	if !utf8.Valid(key) || !json.Valid(key) {
		return nil
	}
	if len(d.Key) == 1 {
		return key
	}
	members, err := jsonObject(key)
	if err != nil {
		return nil
	}
	return members[name]
}

// jsonArray converts a JSON array to an array of type t.
func jsonArray(t types.Type, raw json.RawMessage) (types.Datum, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return types.Datum{}, err
	}
	v := types.NewVector(t.Element(), len(items))
	for _, item := range items {
		d, err := jsonDatum(v.Type, item)
		if err != nil {
			return types.Datum{}, err
		}
		v.Append(d)
	}
	return types.StrDatum(types.EncodeArray(v)), nil
}

// jsonDatum converts a JSON value as PostgreSQL's json_populate_record does: null is NULL, a string is its text, and
// everything else is what is written, read as a text of the type. Times without a zone are in UTC.
func jsonDatum(t types.Type, raw json.RawMessage) (types.Datum, error) {
	raw = bytes.Trim(raw, " \t\r\n")
	if raw == nil || string(raw) == "null" {
		return types.NullDatum, nil
	}
	text := string(raw)
	if t.ID == types.IDJSON || t.ID == types.IDJSONB {
		return types.ParseText(t, text, types.Scope{})
	}
	if t.IsArray() && raw[0] == '[' {
		return jsonArray(t, raw)
	}
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return types.Datum{}, err
		}
	}
	return types.ParseText(t, text, types.Scope{})
}
