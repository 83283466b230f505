package planner

import (
	"testing"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
)

// ALTER … RESUME makes a failed query run, says so if it has not failed, and refuses one for which nothing was kept.
func TestResume(t *testing.T) {
	all, err := parse.Parse("ALTER MATERIALIZED VIEW v RESUME")
	if err != nil {
		t.Fatal(err)
	}
	stmt := all[0].Stmt.(*ast.AlterRelation)
	for _, c := range []struct {
		query   *catalog.Query
		code    string
		notices int
	}{
		{&catalog.Query{State: catalog.QueryFailed, Reason: "out of luck"}, "", 0},
		{&catalog.Query{State: catalog.QueryRunning}, "", 1},
		{&catalog.Query{State: catalog.QueryFailed, Reason: catalog.NeedsRebuild + "it holds back much"}, pgerr.ObjectNotInPrerequisiteState, 0},
		{nil, pgerr.WrongObjectType, 0},
	} {
		r := &catalog.Relation{ID: 20000, Name: "v", Kind: catalog.KindView, Query: c.query}
		out, err := PlanAlter(stmt, r, &Env{Catalog: catalog.Empty()})
		if pgerr.Code(err) != c.code && (c.code != "" || err != nil) {
			t.Errorf("%+v: %v", c.query, err)
		}
		if err != nil {
			continue
		}
		if q := out.Relation.Query; q.State != catalog.QueryRunning || q.Reason != "" || len(out.Notices) != c.notices {
			t.Errorf("%+v: %+v, notices %q", c.query, q, out.Notices)
		}
	}
}
