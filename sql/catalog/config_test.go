package catalog

import (
	"encoding/json"
	"errors"
	"testing"
)

func mustApply(t *testing.T, c *Catalog, cmd Command) *Catalog {
	t.Helper()
	n, err := c.Apply(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// topicAndStream is a catalog with a topic and a stream over it.
func topicAndStream(t *testing.T) (c *Catalog, topic, stream *Relation) {
	t.Helper()
	c = mustApply(t, Empty(), Command{Create: &Relation{ID: FirstRelationID, Name: "t", Kind: KindTopic, Placement: []ShardID{1, 0}}})
	c = mustApply(t, c, Command{Create: &Relation{ID: c.NextID(), Name: "s", Kind: KindStream, Over: FirstRelationID, Placement: []ShardID{1, 0}}})
	return c, c.Lookup("", "t"), c.Lookup("", "s")
}

// A stream over a topic has the topic's partitions and no configuration of its own, and the topic cannot go without it.
func TestStreamOverTopic(t *testing.T) {
	c, topic, stream := topicAndStream(t)
	if stream.Topic() != topic.Topic() || stream.Partition(1) != topic.Partition(1) {
		t.Errorf("stream's topic is %v", stream.Topic())
	}
	if stream.Config != (TopicConfig{}) || stream.Format() != FormatNative {
		t.Errorf("stream's configuration is %+v", stream.Config)
	}
	if _, err := c.Apply(Command{Drop: []RelationID{topic.ID}}); err == nil {
		t.Error("a topic was dropped under its stream")
	}
	gone := mustApply(t, c, Command{Drop: []RelationID{topic.ID, stream.ID}})
	again := &Relation{ID: gone.NextID(), Name: "s", Kind: KindStream, Over: topic.ID}
	if _, err := gone.Apply(Command{Create: again}); !errors.Is(err, ErrStale) {
		t.Errorf("a stream over a topic that was dropped: %v", err)
	}
	again.ID, again.Name, again.Over = c.NextID(), "other", stream.ID
	if _, err := c.Apply(Command{Create: again}); !errors.Is(err, ErrStale) {
		t.Errorf("a stream over a stream: %v", err)
	}
}

// An alteration applies to the configuration that it was made from, and to no other.
func TestAlter(t *testing.T) {
	c, topic, stream := topicAndStream(t)
	after := topic.Config
	after.RetentionMillis = 1000
	alter := Command{Alter: &Alteration{Relation: topic.ID, Before: topic.Config, After: after, Options: map[string]string{"retention": "1000"}}}
	n := mustApply(t, c, alter)
	if got := n.Lookup("", "t"); got.Config != after || got.Options["retention"] != "1000" || topic.Config == after {
		t.Errorf("%+v", got)
	}
	for name, cmd := range map[string]*Alteration{
		"again": alter.Alter, "of a stream over a topic": {Relation: stream.ID, Before: stream.Config, After: after}, "of nothing": {Relation: 1},
	} {
		if _, err := n.Apply(Command{Alter: cmd}); !errors.Is(err, ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Relations of a catalog that knew no configuration have the defaults; what is configured is read back as it was.
func TestConfigOfOldCatalog(t *testing.T) {
	const old = `{"version":3,"next_id":16386,"relations":[
		{"id":16384,"schema":"public","name":"s","kind":"stream","columns":null,"placement":[0]},
		{"id":16385,"schema":"public","name":"v","kind":"view","columns":null,"placement":[0]}]}`
	var state State
	if err := json.Unmarshal([]byte(old), &state); err != nil {
		t.Fatal(err)
	}
	c := FromState(state)
	if s, v := c.Lookup("", "s").Config, c.Lookup("", "v").Config; s != DefaultConfig(KindStream) || v.Cleanup != CleanupCompact {
		t.Errorf("stream %+v, view %+v", s, v)
	}
	c, _, _ = topicAndStream(t)
	text, err := json.Marshal(c.State())
	if err != nil {
		t.Fatal(err)
	}
	state = State{}
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	if again := FromState(state); again.Lookup("", "t").Config != c.Lookup("", "t").Config || again.Lookup("", "s").Over != FirstRelationID {
		t.Errorf("read back from %s", text)
	}
}

// Times and sizes are written in their largest unit.
func TestFormat(t *testing.T) {
	for millis, want := range map[int64]string{0: "infinite", 1: "1 millisecond", 1500: "1500 milliseconds", 60_000: "1 minute", 43_200_000: "12 hours", 604_800_000: "7 days"} {
		if got := FormatDuration(millis); got != want {
			t.Errorf("%d ms: %s", millis, got)
		}
	}
	for size, want := range map[int64]string{0: "infinite", 1000: "1000", 1024: "1kB", 10 << 30: "10GB", 3 << 40: "3TB", 1<<20 + 1: "1048577"} {
		if got := FormatSize(size); got != want {
			t.Errorf("%d bytes: %s", size, got)
		}
	}
}
