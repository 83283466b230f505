package planner

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// tableOf makes rel the table of the last record of each key of a topic: a query that keeps it.
func (c *creator) tableOf(topic *catalog.Relation, format catalog.Format, store catalog.StateStore) error {
	if len(c.stmt.Columns) == 0 && topic.Template != nil {
		c.takeTemplate(topic.Template)
	}
	if err := c.refuseTableOf(topic); err != nil {
		return err
	}
	c.rel.Source = &catalog.TopicSource{Topic: topic.ID, Format: format}
	c.rel.Placement, c.rel.PartitionBy, c.rel.Config = topic.Placement, c.rel.Key, catalog.DefaultConfig(c.rel.Kind)
	c.rel.Config.State = store
	if err := c.agree(topic); err != nil {
		return err
	}
	topology, err := json.Marshal(lastTopology(c.rel, topic))
	if err != nil {
		return fmt.Errorf("topology of %s: %w", c.rel.Name, err)
	}
	c.rel.Query = &catalog.Query{SQL: fmt.Sprintf("the last record of each key of topic %s", topic.Name), Settings: maps.Clone(c.env.Settings),
		Topology: topology, DependsOn: []catalog.RelationID{topic.ID}, State: catalog.QueryRunning}
	return nil
}

// takeTemplate takes the topic's columns, with its KEY as primary key.
func (c *creator) takeTemplate(t *catalog.Template) {
	c.rel.Columns, c.rel.Key = slices.Clone(t.Columns), t.Key
	c.rel.HasPrimaryKey = len(t.Key) > 0
	for _, k := range t.Key {
		c.rel.Columns[k].NotNull = true
	}
	for i := range c.rel.Columns {
		c.rel.Columns[i].Default, c.rel.Columns[i].Sequence = "", 0
	}
}

func (c *creator) refuseTableOf(topic *catalog.Relation) error {
	switch {
	case len(c.stmt.Columns) == 0 && topic.Template == nil:
		return c.noColumns(topic)
	case !c.rel.HasPrimaryKey:
		return pgerr.New(pgerr.InvalidTableDefinition, "a table over a topic needs a PRIMARY KEY").
			WithDetail("The table holds the last record of each key.").At(c.stmt.Name.Pos)
	case len(c.rel.Checks) > 0:
		return pgerr.Unsupported("CHECK constraints of a table over a topic are").At(c.stmt.Name.Pos)
	}
	for i, col := range c.rel.Columns {
		if col.Default != "" || col.Sequence != 0 {
			return pgerr.Unsupported("DEFAULT in a table over a topic is").
				WithHint("Rows are inserted into the topic, or a stream over it.").At(c.stmt.Columns[i].Pos)
		}
	}
	return nil
}

// lastTopology moves the records of a topic to the partitions of the table's key, and keeps the last of each there: where a
// key's records are in the topic is its writers' choice.
func lastTopology(r, topic *catalog.Relation) *plan.Topology {
	n := len(r.Columns)
	source := plan.Source{Kind: plan.SourceStream, Relation: topic.ID, Columns: append(r.Types(), types.Int4, types.Timestamptz, types.Bool),
		Records: plan.StreamRecords(r), System: []string{catalog.PartitionColumn, catalog.TimestampColumn, plan.DeletedColumn}}
	c := &cutter{kind: r.Kind, placement: r.Placement}
	c.topology.Version = plan.TopologyVersion
	forwarder := plan.Forwarder{ID: c.node(), Source: source, Key: r.Key, Target: c.topic()}
	c.topology.Forwarders = []plan.Forwarder{forwarder}
	stored := make([]*plan.Expr, n)
	for i, t := range r.Types() {
		stored[i] = plan.Column(i, t)
	}
	f := &flow{types: r.Types(), steps: []plan.Step{{Project: stored}}, task: &plan.Task{
		Inputs: []plan.Input{{Source: plan.Source{Kind: plan.SourceChanges, Topic: forwarder.Target, Columns: source.Columns}}},
		Last:   &plan.LastSpec{GroupBy: r.Key, Partition: n, Timestamp: n + 1, Deleted: n + 2},
	}}
	c.finish(f, plan.Sink{Kind: plan.SinkView, Key: r.Key, Columns: f.types})
	return &c.topology
}
