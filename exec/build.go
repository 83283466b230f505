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
	op, err := build(n, env)
	if err != nil || env.run.rooted {
		return op, err
	}
	env.run.rooted = true
	return whole{op, env.run}, nil
}

// build makes the operators of a part of a plan.
func build(n plan.Node, env *Env) (Operator, error) {
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
		return opened(newSort(n, env))
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
	case *plan.Recursive:
		return newRecursive(n, env)
	case *plan.WorkTable:
		return &workTable{rows: env.run.work[n.ID]}, nil
	case *plan.WithItem:
		return newItemScan(n, env)
	case *plan.Unique:
		return newUnique(n, env)
	}
	return nil, fmt.Errorf("BUG: no operator for plan node %T", n)
}
