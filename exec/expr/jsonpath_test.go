package expr

import (
	"strings"
	"testing"

	"github.com/millracedb/millrace/sql/types"
)

// FuzzPath shows that no path makes its reading or its evaluation panic.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"$", "strict $.a[*] ? (@.b > 1 && !exists(@.c)).size()", `$."a"[last - 1 to last].**{1 to last}`, `-1.5e3 * $x like_regex "a" flag "i"`,
		"(($.a == 1) is unknown).type()", `"\u0041\x41`, "/*"} {
		f.Add(s, `{"a":[1,{"b":2}],"c":"x"}`)
	}
	f.Fuzz(func(t *testing.T, text, doc string) {
		path, err := parsePath(text)
		v, docErr := types.ParseJSONB(doc)
		if err != nil || docErr != nil {
			return
		}
		q := &pathQuery{path: path, run: &pathRun{lax: !path.strict, tolerant: !path.strict, root: v, vars: v}}
		if v.Kind == types.JSONObject {
			_, _ = q.all()
		}
	})
}

// A path that is nested too deeply, or too long, is refused.
func TestPathLimits(t *testing.T) {
	for _, text := range []string{strings.Repeat("(", 10*maxPathDepth) + "1", strings.Repeat("-", 10*maxPathDepth) + "1", "$" + strings.Repeat(".a", maxPathText)} {
		if _, err := parsePath(text); err == nil {
			t.Errorf("a path of %d bytes is read", len(text))
		}
	}
}
