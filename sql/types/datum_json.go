package types

import (
	"encoding/json"
	"unicode/utf8"
)

// plainDatum is a Datum without the methods for JSON.
type plainDatum Datum

// binaryDatum is the JSON form of a Datum; Bytes stands for a Str that is no text.
type binaryDatum struct {
	plainDatum
	Bytes []byte `json:"bytes,omitempty"`
}

// MarshalJSON writes the fields that are not zero. JSON holds text only, so bytes that are none are written in base 64.
func (d Datum) MarshalJSON() ([]byte, error) {
	out := binaryDatum{plainDatum: plainDatum(d)}
	if !utf8.ValidString(d.Str) {
		out.Bytes, out.Str = []byte(d.Str), ""
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Datum) UnmarshalJSON(b []byte) error {
	var in binaryDatum
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*d = Datum(in.plainDatum)
	if in.Bytes != nil {
		d.Str = string(in.Bytes)
	}
	return nil
}
