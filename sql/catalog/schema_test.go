package catalog

import (
	"encoding/json"
	"reflect"
	"testing"
)

// Schemas are in the state of a snapshot; a state from before there were any has public alone.
func TestSchemasInState(t *testing.T) {
	c, err := Empty().Apply(Command{Change: &Change{PutSchemas: []*Schema{{ID: FirstRelationID, Name: "sales"}}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c.State())
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	if got := FromState(state); !reflect.DeepEqual(got.UserSchemas(), c.UserSchemas()) || got.NextID() != FirstRelationID+1 || !got.HasSchema("public") {
		t.Errorf("%s gives %v", text, got.UserSchemas())
	}
	state.Schemas = nil
	if got := FromState(state).UserSchemas(); len(got) != 1 || got[0].Name != DefaultSchema {
		t.Errorf("an old state has %v", got)
	}
}

// A value of search_path is taken apart as PostgreSQL does.
func TestSplitSearchPath(t *testing.T) {
	for value, want := range map[string][]string{
		`"$user", public`: {"me", "public"}, ``: {}, ` A ,"B,""c" `: {"a", `B,"c`}, `x,,y`: {"x", "y"}, `"open`: {"open"},
	} {
		if got := SplitSearchPath(value, "me"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q", value, got)
		}
	}
	if got := SplitSearchPath(`"$user"`, SystemSchema); len(got) != 0 {
		t.Errorf("a user of the name of the system's schema has %q", got)
	}
	if got := JoinSearchPath([]string{"a", `B,"c`, "$user"}); got != `a, "B,""c", "$user"` {
		t.Error(got)
	}
}
