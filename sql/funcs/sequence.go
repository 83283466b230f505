package funcs

import "github.com/millracedb/millrace/sql/types"

// addSequences adds the functions over sequences. A sequence is given by its name, or as regclass.
func (r *registry) addSequences() {
	i8, text := types.Int8, types.Text
	for _, s := range []types.Type{text, types.OID} {
		r.fn("nextval", i8, s).volatile().doc("the next value of a sequence", "nextval('orders_id_seq')")
		r.fn("currval", i8, s).volatile().doc("the value that nextval last gave in this session", "currval('orders_id_seq')")
		r.fn("setval", i8, s, i8).volatile().doc("sets the value that a sequence gave last", "setval('orders_id_seq', 42)")
		r.fn("setval", i8, s, i8, types.Bool).volatile().doc("sets the value that a sequence gave last, or gives next", "setval('orders_id_seq', 42, false)")
	}
	r.fn("lastval", i8).volatile().doc("the value that nextval last gave in this session, of any sequence", "lastval()")
	r.fn("pg_get_serial_sequence", text, text, text).stable().doc("the sequence of a serial or identity column", "pg_get_serial_sequence('orders', 'id')")
}
