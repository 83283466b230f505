package exec

import (
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
)

// opened keeps a nil operator from becoming an Operator that is not nil.
func opened[O Operator](op O, err error) (Operator, error) {
	if err != nil {
		return nil, err
	}
	return op, nil
}

// Build makes the operators of a plan. Nothing is opened or read before the first Next.
func Build(n plan.Node, env *Env) (Operator, error) {
	env.begin()
	switch n := n.(type) {
	case *plan.Scan:
		return newScan(n, env)
	case *plan.SystemScan:
		return &systemScan{node: n, env: env}, nil
	case *plan.Values:
		return &valuesOp{node: n, env: env}, nil
	case *plan.FuncScan:
		return &funcScan{node: n, env: env}, nil
	case *plan.Filter:
		return newFilter(n, env)
	case *plan.Project:
		return newProject(n, env)
	case *plan.Join:
		return newHashJoin(n, env)
	case *plan.Aggregate:
		return opened(newHashAgg(n, env))
	case *plan.Sort:
		return newSort(n, env)
	case *plan.Limit:
		return newLimit(n, env)
	case *plan.Union:
		return newUnion(n, env)
	case *plan.SetOp:
		return newSetOp(n, env)
	case *plan.Lateral:
		return newLateral(n, env)
	case *plan.Window:
		return newWindow(n, env)
	case *plan.LockRows:
		return newLockRows(n, env)
	case *plan.Unique:
		return newUnique(n, env)
	}
	return nil, fmt.Errorf("BUG: no operator for plan node %T", n)
}
