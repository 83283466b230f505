package catalog

import (
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/millracedb/millrace/sql/pgerr"
)

// DefaultSchema is where unqualified names are created.
const DefaultSchema = "public"

// Catalog is an immutable snapshot of all relations. The zero value is not usable; see Empty.
type Catalog struct {
	version uint64
	nextID  RelationID
	byID    map[RelationID]*Relation
	byName  map[string]*Relation // by key
	schemas map[string]*Schema   // the user's, by name; never changed in place
	// sequences says where those stand that were asked for a value. It is never changed in place.
	sequences map[RelationID]SequenceState
	roles     map[RoleID]*Role // those that were created or altered; never changed in place
	nextRole  RoleID
	// backfilled are the queries that have taken in what was there when they were created. It is never changed in place.
	backfilled map[RelationID]struct{}
	pending    *Batch // waits for its transaction
}

// Empty returns the catalog of a new cluster.
func Empty() *Catalog {
	return &Catalog{nextID: FirstRelationID, byID: map[RelationID]*Relation{}, byName: map[string]*Relation{}, schemas: initialSchemas()}
}

// Version grows by one with each command applied, but for moves of sequences and marks of backfills.
func (c *Catalog) Version() uint64 { return c.version }

// NextID is the id that the next created relation gets.
func (c *Catalog) NextID() RelationID { return c.nextID }

// ByID returns the relation or nil.
func (c *Catalog) ByID(id RelationID) *Relation { return c.byID[id] }

// Lookup returns the relation schema.name or nil; an empty schema is DefaultSchema.
func (c *Catalog) Lookup(schema, name string) *Relation { return c.byName[key(schema, name)] }

// Relations returns all relations ordered by id.
func (c *Catalog) Relations() []*Relation {
	out := make([]*Relation, 0, len(c.byID))
	for _, r := range c.byID {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// Dependents returns the relations whose queries read id directly, or through a plain view, and the streams over id, ordered by id.
func (c *Catalog) Dependents(id RelationID) []*Relation {
	var out []*Relation
	for _, r := range c.Relations() {
		if r.Over == id || r.reads(id) {
			out = append(out, r)
		}
	}
	return out
}

func contains(ids []RelationID, id RelationID) bool {
	for _, x := range ids {
		if x == id {
			return true
		}
	}
	return false
}

// key is the key of r's name: types have names of their own.
func (r *Relation) key() string {
	if r.Replaces != 0 {
		return r.hiddenKey()
	}
	if r.Enum != nil {
		return typeKey(r.Schema, r.Name)
	}
	return key(r.Schema, r.Name)
}

func key(schema, name string) string {
	if schema == "" {
		schema = DefaultSchema
	}
	return schema + "\x00" + name
}

// Command is one change of the catalog: exactly one of its fields is set. Commands are replicated as
// JSON in the meta group.
type Command struct {
	// Create adds a relation. Its ID must be the catalog's NextID (the planner put it into the topology); if another
	// command was applied in between, Apply answers ErrStale and the statement is planned again.
	Create *Relation `json:"create,omitempty"`
	// Drop removes relations, all or none. None may have a dependent outside the list.
	Drop []RelationID `json:"drop,omitempty"`
	// SetQueryState changes the state of a view's query.
	SetQueryState *QueryStateChange `json:"set_query_state,omitempty"`
	// Alter changes how a relation's topic is stored.
	Alter *Alteration `json:"alter,omitempty"`
	// Sequence moves a sequence. It does not count as a new version: no plan depends on it.
	Sequence *SequenceMove `json:"sequence,omitempty"`
	// Backfilled says that a query has taken in what was there when it was created. It does not count as a new version either.
	Backfilled RelationID `json:"backfilled,omitempty"`
	// Change is everything else that one statement does.
	Change *Change `json:"change,omitempty"`
	// Batch is what a transaction block does, BatchEnd the end of one that waits.
	Batch    *Batch    `json:"batch,omitempty"`
	BatchEnd *BatchEnd `json:"batch_end,omitempty"`
}

// Alteration replaces the configuration of a relation's topic. It applies if the present one is Before; else Apply answers
// ErrStale.
type Alteration struct {
	Relation RelationID  `json:"relation"`
	Before   TopicConfig `json:"before"`
	After    TopicConfig `json:"after"`
	// Options replace Relation.Options.
	Options map[string]string `json:"options,omitempty"`
}

// QueryStateChange sets the state of the query of Relation.
type QueryStateChange struct {
	Relation RelationID `json:"relation"`
	State    QueryState `json:"state"`
	Reason   string     `json:"reason,omitempty"`
}

// ErrStale says that a command was made from a catalog that is no longer the newest; plan again.
var ErrStale = fmt.Errorf("catalog changed")

// Apply returns the catalog after cmd; c is unchanged. It is deterministic. Errors: ErrStale, ErrPending, or a *pgerr.Error.
func (c *Catalog) Apply(cmd Command) (*Catalog, error) {
	n, err := c.apply(cmd)
	if err == nil && !cmd.quiet() {
		n.link()
	}
	return n, err
}

func (c *Catalog) apply(cmd Command) (*Catalog, error) {
	switch {
	case cmd.BatchEnd != nil:
		return c.endBatch(*cmd.BatchEnd)
	case c.pending != nil && !cmd.quiet():
		return nil, ErrPending
	case cmd.Batch != nil:
		return c.batch(*cmd.Batch)
	case cmd.Create != nil:
		return c.create(cmd.Create)
	case cmd.Drop != nil:
		return c.drop(cmd.Drop)
	case cmd.SetQueryState != nil:
		return c.setQueryState(*cmd.SetQueryState)
	case cmd.Alter != nil:
		return c.alter(*cmd.Alter)
	case cmd.Sequence != nil:
		return c.moveSequence(*cmd.Sequence)
	case cmd.Backfilled != 0:
		return c.markBackfilled(cmd.Backfilled)
	case cmd.Change != nil:
		return c.change(*cmd.Change)
	}
	return nil, fmt.Errorf("empty catalog command")
}

func (c *Catalog) create(r *Relation) (*Catalog, error) {
	if c.Lookup(r.Schema, r.Name) != nil {
		return nil, pgerr.New(pgerr.DuplicateTable, "relation %q already exists", r.Name)
	}
	if r.ID != c.nextID && !r.ID.IsSystem() {
		return nil, ErrStale
	}
	if !c.HasSchema(r.Schema) {
		return nil, ErrStale
	}
	if r.Query != nil {
		for _, id := range append(r.Query.Through, r.Query.DependsOn...) {
			if c.byID[id] == nil {
				return nil, ErrStale
			}
		}
	}
	if r.Over != 0 {
		if t := c.byID[r.Over]; t == nil || t.Kind != KindTopic {
			return nil, ErrStale
		}
	}
	r = withConfig(r)
	n := c.clone()
	if !r.ID.IsSystem() {
		n.nextID++
	}
	n.byID[r.ID] = r
	n.byName[r.key()] = r
	return n, nil
}

func (c *Catalog) drop(ids []RelationID) (*Catalog, error) {
	n := c.clone()
	for _, id := range ids {
		r := c.byID[id]
		if r == nil {
			return nil, ErrStale
		}
		if id.IsSystem() {
			return nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied: %q is a system relation", r.Name)
		}
		for _, d := range c.Dependents(id) {
			if !contains(ids, d.ID) {
				return nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s %s because other objects depend on it", r.Word(), r.Name).
					WithDetail("%s %s depends on %s %s", d.Word(), d.Name, r.Word(), r.Name).
					WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
			}
		}
		n.remove(id)
		n.forget(id)
	}
	return n, nil
}

func (c *Catalog) setQueryState(ch QueryStateChange) (*Catalog, error) {
	r := c.byID[ch.Relation]
	if r == nil || r.Query == nil {
		return nil, ErrStale
	}
	nr, nq := *r, *r.Query
	nq.State, nq.Reason = ch.State, ch.Reason
	nr.Query = &nq
	return c.replace(&nr), nil
}

func (c *Catalog) alter(a Alteration) (*Catalog, error) {
	r := c.byID[a.Relation]
	if r == nil || r.Over != 0 || r.Config != a.Before {
		return nil, ErrStale
	}
	nr := *r
	nr.Config, nr.Options = a.After, a.Options
	return c.replace(&nr), nil
}

// replace returns the catalog with r in the place of the relation of its id and name.
func (c *Catalog) replace(r *Relation) *Catalog {
	n := c.clone()
	n.byID[r.ID] = r
	n.byName[r.key()] = r
	return n
}

func (c *Catalog) clone() *Catalog {
	n := &Catalog{version: c.version + 1, nextID: c.nextID, sequences: c.sequences, backfilled: c.backfilled, roles: c.roles, nextRole: c.nextRole, schemas: c.schemas, pending: c.pending,
		byID: make(map[RelationID]*Relation, len(c.byID)+1), byName: make(map[string]*Relation, len(c.byName)+1)}
	for k, v := range c.byID {
		n.byID[k] = v
	}
	for k, v := range c.byName {
		n.byName[k] = v
	}
	return n
}

// State is the whole catalog as it stands in a snapshot of the meta group.
type State struct {
	Version   uint64      `json:"version"`
	NextID    RelationID  `json:"next_id"`
	Relations []*Relation `json:"relations"`
	// Schemas are the user's; nil, from before there were others: public alone.
	Schemas []*Schema `json:"schemas,omitempty"`
	// Sequences are the states of sequences that are not at their start.
	Sequences map[RelationID]SequenceState `json:"sequences,omitempty"`
	// Roles are those that were created or altered, NextRole is the id of the next one.
	Roles    map[RoleID]*Role `json:"roles,omitempty"`
	NextRole RoleID           `json:"next_role,omitempty"`
	Pending  *Batch           `json:"pending,omitempty"`
	// Backfilled are the queries that have taken in what was there when they were created, in order.
	Backfilled []RelationID `json:"backfilled,omitempty"`
}

// State returns c as plain data.
func (c *Catalog) State() State {
	return State{Version: c.version, NextID: c.nextID, Relations: c.Relations(), Schemas: c.UserSchemas(), Sequences: c.sequences,
		Roles: c.roles, NextRole: c.nextRole, Pending: c.pending, Backfilled: slices.Sorted(maps.Keys(c.backfilled))}
}

// FromState is the inverse of State.
func FromState(s State) *Catalog {
	c := Empty()
	c.version, c.nextID, c.sequences, c.roles, c.nextRole = s.Version, s.NextID, s.Sequences, s.Roles, s.NextRole
	if s.Schemas != nil {
		c.schemas = map[string]*Schema{}
	}
	for _, x := range s.Schemas {
		c.schemas[x.Name] = x
	}
	c.pending = s.Pending
	for _, id := range s.Backfilled {
		c.setBackfilled(id)
	}
	for _, r := range s.Relations {
		r = withConfig(r)
		c.byID[r.ID] = r
		c.byName[r.key()] = r
	}
	c.link()
	return c
}
