package expr

import (
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	const args = "(jsonb,text,jsonb,bool)"
	register("jsonb_path_exists"+args, pathLoop(pathExistsIn))
	register("jsonb_path_exists_opr", pathLoop(pathExistsIn))
	register("jsonb_path_match"+args, pathLoop(pathMatches))
	register("jsonb_path_match_opr", pathLoop(pathMatches))
	register("jsonb_path_query_array"+args, pathLoop(func(k *call, i int, q *pathQuery) error {
		found, err := q.all()
		k.setJSON(i, &types.JSONValue{Kind: types.JSONArray, Items: found})
		return err
	}))
	register("jsonb_path_query_first"+args, pathLoop(func(k *call, i int, q *pathQuery) error {
		found, err := q.all()
		if err != nil || len(found) == 0 {
			k.setNull(i)
			return err
		}
		k.setJSON(i, found[0])
		return nil
	}))
	sets["jsonb_path_query"+args] = func(k *call) (Rows, error) {
		path, err := parsePath(k.str(1, 0))
		if err != nil {
			return nil, err
		}
		q, err := k.pathQuery(path, 0)
		if err != nil {
			return nil, err
		}
		found, err := q.all()
		out := types.NewVector(types.JSONB, len(found))
		for _, v := range found {
			out.Append(types.StrDatum(string(types.AppendJSONB(nil, v))))
		}
		return &listed{cols: []*types.Vector{out}}, err
	}
}

// pathQuery is a path over the document of one row.
type pathQuery struct {
	path   *jsonPath
	run    *pathRun
	silent bool
}

// pathLoop evaluates paths; one is read once for as long as it stays the same.
func pathLoop(f func(k *call, i int, q *pathQuery) error) loop {
	return func(k *call) error {
		var path *jsonPath
		var last string
		return k.each(func(i int) (err error) {
			if text := k.str(1, i); path == nil || text != last {
				if path, err = parsePath(text); err != nil {
					return err
				}
				last = text
			}
			q, err := k.pathQuery(path, i)
			if err == nil {
				err = f(k, i, q)
			}
			return err
		})
	}
}

func (k *call) pathQuery(path *jsonPath, i int) (*pathQuery, error) {
	q := &pathQuery{path: path, silent: true, run: &pathRun{lax: !path.strict, tolerant: !path.strict, root: types.StoredJSON(k.str(0, i))}}
	q.run.vars = &types.JSONValue{Kind: types.JSONObject}
	if len(k.args) > 2 {
		q.run.vars, q.silent = types.StoredJSON(k.str(2, i)), k.int(3, i) != 0
	}
	if q.run.vars.Kind != types.JSONObject {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "\"vars\" argument is not an object").
			WithDetail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.")
	}
	return q, nil
}

// quiet returns err, unless it is one that silent passes over.
func (q *pathQuery) quiet(err error) error {
	if q.silent && err != nil {
		return fatal(err)
	}
	return err
}

// all gives the items, with silent those before an error.
func (q *pathQuery) all() (found []*types.JSONValue, err error) {
	err = q.run.items(q.path.root, func(v *types.JSONValue) error {
		found = append(found, v)
		return nil
	})
	return found, q.quiet(err)
}

func pathExistsIn(k *call, i int, q *pathQuery) error {
	found := false
	err := q.run.items(q.path.root, func(*types.JSONValue) error {
		if found = true; q.run.lax {
			return errEnough
		}
		return nil
	})
	if err == errEnough {
		err = nil
	}
	if err != nil {
		k.setNull(i)
		return q.quiet(err)
	}
	k.out.Int[i] = bit(found)
	return nil
}

func pathMatches(k *call, i int, q *pathQuery) error {
	found, err := q.all()
	switch {
	case err != nil:
		return err
	case len(found) == 1 && found[0].Kind == types.JSONBool:
		k.out.Int[i] = bit(found[0].Bool)
		return nil
	case len(found) == 1 && found[0].Kind == types.JSONNull, q.silent:
		k.setNull(i)
		return nil
	}
	return pgerr.New(jsonSingletonRequired, "single boolean result is expected")
}
