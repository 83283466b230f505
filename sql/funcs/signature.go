// Package funcs is the one table of functions, operators, casts and aggregates: their signatures, and PostgreSQL's rules
// to choose among them. It computes nothing: exec/expr has a loop for each signature, and a test there checks it.
package funcs

import (
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// Kind says what a signature is.
type Kind uint8

// The kinds of signatures.
const (
	Scalar Kind = iota
	Aggregate
	Set
)

// Volatility says what a result depends on, as pg_proc.provolatile.
type Volatility uint8

// The volatilities.
const (
	Immutable Volatility = iota // on the arguments alone
	Stable                      // also on the session: its zone, the statement's time, the catalog
	Volatile                    // on anything
)

// Any, as an argument's type, takes a value of any type as it is; an untyped literal is text there.
var Any = types.Type{}

// The types of polymorphic arguments and results (docs 38.2.5): of one call's arguments those of a family agree in the type
// of elements, exactly or, for the compatible ones, after implicit casts. A signature that Resolve returns has none of them.
var (
	anyElement         = types.Type{ID: types.IDAnyElement}
	anyEnum            = types.Type{ID: types.IDAnyEnum}
	anyArray           = types.Type{ID: types.IDAnyArray}
	anyNonArray        = types.Type{ID: types.IDAnyNonArray}
	anyCompatible      = types.Type{ID: types.IDAnyCompatible}
	anyCompatibleArray = types.Type{ID: types.IDAnyCompatibleArray}
)

// Signature is a function for arguments of certain types. It is immutable.
type Signature struct {
	// ID names the signature in plans and in the catalog, for ever: PostgreSQL's function of an operator (int4pl), else
	// name(types) with the types' short names, cast(from,to) for a cast.
	ID         string
	Name       string // as called in SQL; the function's name for an operator
	Args       []types.Type
	Variadic   bool // the last of Args may stand any number of times, at least once
	Result     types.Type
	Kind       Kind
	Columns    []Column // of what a Set gives; nil: one, of type Result, without a name
	Volatility Volatility
	Strict     bool // NULL if an argument is NULL, without being evaluated
	Doc        string
	Example    string

	operator bool // not called by name
}

// Arg returns the type that argument i must have; Any leaves it as it is.
func (s *Signature) Arg(i int) types.Type { return s.Args[min(i, len(s.Args)-1)] }

// accepts reports whether the signature takes n arguments.
func (s *Signature) accepts(n int) bool {
	return n == len(s.Args) || s.Variadic && n > len(s.Args)
}

// registry holds all signatures; it is filled once and then only read.
type registry struct {
	all       []*Signature
	byID      map[string]*Signature
	byName    map[string][]*Signature
	operators map[string][]*Signature // by symbol; unary ones have one argument
}

var table = func() *registry {
	r := &registry{byID: map[string]*Signature{}, byName: map[string][]*Signature{}, operators: map[string][]*Signature{}}
	r.addOperators()
	r.addCasts()
	r.addMath()
	r.addText()
	r.addTime()
	r.addArrays()
	r.addJSON()
	r.addIntervals()
	r.addChoices()
	r.addEnums()
	r.addSession()
	r.addBackend()
	r.addCatalog()
	r.addSequences()
	r.addAggregates()
	r.addSets()
	return r
}()

// ByID returns the signature with an id, nil if there is none.
func ByID(id string) *Signature { return table.byID[id] }

// All returns every signature in the table's order; the slice must not be changed.
func All() []*Signature { return table.all }

func (r *registry) add(s *Signature) *Signature {
	if s.ID == "" {
		s.ID = s.Name + "(" + shortNames(s.Args) + ")"
	}
	if r.byID[s.ID] != nil {
		panic("BUG: two functions " + s.ID)
	}
	r.all = append(r.all, s)
	r.byID[s.ID] = s
	if !s.operator {
		r.byName[s.Name] = append(r.byName[s.Name], s)
	}
	return s
}

func shortNames(ts []types.Type) string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.ShortName()
	}
	return strings.Join(names, ",")
}

// fn adds a function that is immutable and strict.
func (r *registry) fn(name string, result types.Type, args ...types.Type) *Signature {
	return r.add(&Signature{Name: name, Args: args, Result: result, Strict: true})
}

func (s *Signature) stable() *Signature   { s.Volatility = Stable; return s }
func (s *Signature) volatile() *Signature { s.Volatility = Volatile; return s }
func (s *Signature) lax() *Signature      { s.Strict = false; return s }
func (s *Signature) variadic() *Signature { s.Variadic = true; return s }

func (s *Signature) doc(doc, example string) *Signature {
	s.Doc, s.Example = doc, example
	return s
}
