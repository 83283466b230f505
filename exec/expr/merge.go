package expr

import (
	"math/big"

	"github.com/millracedb/millrace/sql/types"
)

// Merger is an Aggregate that can take in what another one of its kind has seen, so that parts of a group may be computed apart.
type Merger interface {
	Aggregate
	// Merge adds all that o has seen; o is of no use then. The result does not depend on how rows were divided between them.
	Merge(o Aggregate)
}

func (a *countAggregate) Merge(o Aggregate) { a.n += o.(*countAggregate).n }

func (a *boolAggregate) Merge(o Aggregate) {
	b := o.(*boolAggregate)
	a.trues += b.trues
	a.falses += b.falses
}

func (a *extremeAggregate) Merge(o Aggregate) {
	b := o.(*extremeAggregate)
	if b.seen && (!a.seen || types.Compare(a.typ, b.value, a.value)*a.sign > 0) {
		a.seen, a.value = true, b.value
	}
}

func (a *intSum) Merge(o Aggregate) {
	b := o.(*intSum)
	a.n += b.n
	a.sum.merge(&b.sum)
}

func (a *intervalSum) Merge(o Aggregate) {
	b := o.(*intervalSum)
	a.n += b.n
	a.months.merge(&b.months)
	a.days.merge(&b.days)
	a.micros.merge(&b.micros)
}

func (a *decimalSum) Merge(o Aggregate) {
	b := o.(*decimalSum)
	a.nan += b.nan
	a.inf += b.inf
	a.negInf += b.negInf
	switch {
	case a.unit < b.unit:
		a.rescale(b.unit)
	case a.unit > b.unit:
		b.rescale(a.unit)
	}
	a.sum.merge(&b.sum)
	for _, s := range b.scales {
		a.countScale(s.scale, s.n)
	}
}

func (a *floatSum) Merge(o Aggregate) {
	b := o.(*floatSum)
	a.n += b.n
	a.nan += b.nan
	a.inf += b.inf
	a.negInf += b.negInf
	a.sum.set(new(big.Int).Add(a.sum.value(), b.sum.value()))
}

// merge adds o.
func (s *exactSum) merge(o *exactSum) {
	s.add(o.small, 1)
	if o.large.Sign() != 0 {
		s.addBig(&o.large)
	}
}
