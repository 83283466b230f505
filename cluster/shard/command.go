package shard

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// entryVersion is the first byte of every entry. An entry is a list of ops, which are independent of each other:
//
//	version (1 byte), count (uvarint), per op: kind (1 byte), length (uvarint), body
const entryVersion = 1

// Limits of entries.
const (
	// softEntryBytes ends the bundling of ops into one entry; a larger op goes alone.
	softEntryBytes = 1 << 20
	// MaxOpBytes bounds one op, so that no node must hold more at once.
	MaxOpBytes = 32 << 20
)

// opKind names an op in an entry. Never renumber.
type opKind byte

const (
	kindWrite   opKind = 1
	kindCommit  opKind = 2
	kindPrepare opKind = 3
	kindDecide  opKind = 4
	kindFinish  opKind = 5
	kindForget  opKind = 6
	kindDrop    opKind = 7

	kindRegister  opKind = 8
	kindTrim      opKind = 9
	kindCompactTo opKind = 10
	kindConfigure opKind = 11
	kindHold      opKind = 12

	kindAddIndex   opKind = 13
	kindBuildIndex opKind = 14
	kindRaiseEpoch opKind = 15
)

// TxnID names a transaction over several shards or entries. It is never used again: the node's start (8 random bytes),
// then a counter.
type TxnID [16]byte

// String returns the id in hexadecimal digits.
func (id TxnID) String() string { return hex.EncodeToString(id[:]) }

// Op is one change of a shard: what Propose takes and the state machine applies, all or nothing.
type Op interface {
	kind() opKind
	append(dst []byte) []byte
	decode(d *decoder)
}

// Part is what a write does to one partition, as one record batch with base offset 0.
type Part struct {
	Partition catalog.PartitionID
	Table     bool
	// Check: nothing is written; the guards of the records' keys must hold when the write is applied.
	Check bool
	// Freeze: a Check of the whole partition, whose batch has one record, without meaning. No other transaction writes to the partition while
	// this one is staged, nor before its Epoch after it is applied.
	Freeze bool
	Epoch  uint64  // that the writer knew of the table, see RaiseEpoch
	Guards []Guard // one per record, or nil: there are none
	Batch  []byte
}

// Guard is the condition under which a row is written. It speaks of the row before the transaction.
type Guard struct {
	Kind   exec.Guard
	Offset log.Offset
}

// Write writes the parts, in order, if all guards hold.
type Write struct{ Parts []Part }

// Commit is an exec.Commit.
type Commit struct{ exec.Commit }

// Prepare stages parts under a transaction: guards are checked, the keys locked, the bytes stored. A transaction may come
// in several; the Last makes it prepared on this shard. Decider is the shard that decides.
type Prepare struct {
	Txn     TxnID
	Decider catalog.ShardID
	Parts   []Part
	Last    bool
}

// Decide is the commit point of a transaction, on its decider, or its end there. Participants lists all of its shards; if
// there are others than the decider the decision is kept until Forget.
type Decide struct {
	Txn          TxnID
	Commit       bool
	Participants []catalog.ShardID
}

// Finish carries the decision out on another participant. Participants are those of the decision to commit.
type Finish struct {
	Txn          TxnID
	Commit       bool
	Participants []catalog.ShardID
}

// Forget drops decisions that all participants have carried out.
type Forget struct{ Txns []TxnID }

// Drop removes everything of relations, for ever.
type Drop struct{ Relations []catalog.RelationID }

func newOp(k opKind) Op {
	switch k {
	case kindWrite:
		return new(Write)
	case kindCommit:
		return new(Commit)
	case kindPrepare:
		return new(Prepare)
	case kindDecide:
		return new(Decide)
	case kindFinish:
		return new(Finish)
	case kindForget:
		return new(Forget)
	case kindDrop:
		return new(Drop)
	case kindRegister:
		return new(Register)
	case kindTrim:
		return new(Trim)
	case kindCompactTo:
		return new(CompactTo)
	case kindConfigure:
		return new(Configure)
	case kindHold:
		return new(Hold)
	case kindAddIndex:
		return new(AddIndex)
	case kindBuildIndex:
		return new(BuildIndex)
	case kindRaiseEpoch:
		return new(RaiseEpoch)
	}
	return nil
}

// encodeOp returns the op as it stands in an entry. The body, which may be large, is written once: behind room for the head,
// which goes to the end of that.
func encodeOp(op Op) []byte {
	const room = 1 + binary.MaxVarintLen64
	b := op.append(make([]byte, room, 2*room))
	var head [room]byte
	head[0] = byte(op.kind())
	n := 1 + binary.PutUvarint(head[1:], uint64(len(b)-room))
	copy(b[room-n:], head[:n])
	return b[room-n:]
}

// appendEntry appends an entry of ops that encodeOp made.
func appendEntry(dst []byte, ops [][]byte) []byte {
	dst = binary.AppendUvarint(append(dst, entryVersion), uint64(len(ops)))
	for _, op := range ops {
		dst = append(dst, op...)
	}
	return dst
}

// decodeEntry decodes an entry; the ops alias it.
func decodeEntry(b []byte) ([]Op, error) {
	d := decoder{b: b}
	if v := d.byte(); v != entryVersion {
		d.fail("version of the entry")
	}
	n := d.count()
	ops := make([]Op, 0, n)
	for range n {
		op := newOp(opKind(d.byte()))
		if op == nil {
			d.fail("kind of op")
			break
		}
		body := decoder{b: d.bytes(), err: d.err}
		op.decode(&body)
		if err := body.end(); err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return ops, nil
}

func (*Write) kind() opKind   { return kindWrite }
func (*Commit) kind() opKind  { return kindCommit }
func (*Prepare) kind() opKind { return kindPrepare }
func (*Decide) kind() opKind  { return kindDecide }
func (*Finish) kind() opKind  { return kindFinish }
func (*Forget) kind() opKind  { return kindForget }
func (*Drop) kind() opKind    { return kindDrop }

func (w *Write) append(dst []byte) []byte { return appendParts(dst, w.Parts) }
func (w *Write) decode(d *decoder)        { w.Parts = d.parts() }

func (p *Prepare) append(dst []byte) []byte {
	dst = append(dst, p.Txn[:]...)
	dst = binary.AppendUvarint(dst, uint64(p.Decider))
	return appendParts(appendBool(dst, p.Last), p.Parts)
}

func (p *Prepare) decode(d *decoder) {
	p.Txn, p.Decider, p.Last = d.txn(), d.shardID(), d.bool()
	p.Parts = d.parts()
}

func (x *Decide) append(dst []byte) []byte {
	dst = appendBool(append(dst, x.Txn[:]...), x.Commit)
	return appendShards(dst, x.Participants)
}

func (x *Decide) decode(d *decoder) { x.Txn, x.Commit, x.Participants = d.txn(), d.bool(), d.shards() }

func (x *Finish) append(dst []byte) []byte {
	dst = appendBool(append(dst, x.Txn[:]...), x.Commit)
	return appendShards(dst, x.Participants)
}

func (x *Finish) decode(d *decoder) { x.Txn, x.Commit, x.Participants = d.txn(), d.bool(), d.shards() }

func (x *Forget) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(x.Txns)))
	for _, id := range x.Txns {
		dst = append(dst, id[:]...)
	}
	return dst
}

func (x *Forget) decode(d *decoder) {
	for range d.count() {
		if x.Txns = append(x.Txns, d.txn()); d.err != nil {
			return
		}
	}
}

func (x *Drop) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(x.Relations)))
	for _, id := range x.Relations {
		dst = binary.AppendUvarint(dst, uint64(id))
	}
	return dst
}

func (x *Drop) decode(d *decoder) {
	for range d.count() {
		x.Relations = append(x.Relations, catalog.RelationID(d.bounded(1<<32-1)))
	}
}

func appendShards(dst []byte, ids []catalog.ShardID) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(id))
	}
	return dst
}

func (d *decoder) shards() (ids []catalog.ShardID) {
	for range d.count() {
		ids = append(ids, d.shardID())
	}
	return ids
}

// Flags of a part.
const (
	partTable  = 1
	partGuards = 2
	partEpoch  = 4
	partCheck  = 8
	partFreeze = 16
)

func appendParts(dst []byte, parts []Part) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(parts)))
	for i := range parts {
		dst = appendPart(dst, &parts[i])
	}
	return dst
}

func appendPart(dst []byte, p *Part) []byte {
	dst = appendPartition(dst, p.Partition)
	flags := byte(0)
	if p.Table {
		flags |= partTable
	}
	if p.Guards != nil {
		flags |= partGuards
	}
	if p.Epoch != 0 {
		flags |= partEpoch
	}
	if p.Check {
		flags |= partCheck
	}
	if p.Freeze {
		flags |= partFreeze
	}
	dst = append(dst, flags)
	if p.Guards != nil {
		dst = appendGuards(dst, p.Guards)
	}
	if p.Epoch != 0 {
		dst = binary.AppendUvarint(dst, p.Epoch)
	}
	return appendBytes(dst, p.Batch)
}

func appendGuards(dst []byte, guards []Guard) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(guards)))
	for _, g := range guards {
		dst = append(dst, byte(g.Kind))
		if g.Kind == exec.GuardAtOffset {
			dst = binary.AppendUvarint(dst, uint64(g.Offset))
		}
	}
	return dst
}

func (d *decoder) parts() (parts []Part) {
	for range d.count() {
		parts = append(parts, d.part())
		if d.err != nil {
			return nil
		}
	}
	return parts
}

func (d *decoder) part() Part {
	p := Part{Partition: d.partition()}
	flags := d.byte()
	if flags&^(partTable|partGuards|partEpoch|partCheck|partFreeze) != 0 {
		d.fail("flags of a part")
	}
	p.Table, p.Check, p.Freeze = flags&partTable != 0, flags&partCheck != 0, flags&partFreeze != 0
	if flags&partGuards != 0 {
		p.Guards = d.guards()
	}
	if flags&partEpoch != 0 {
		p.Epoch = d.uvarint()
	}
	p.Batch = d.bytes()
	return p
}

func (d *decoder) guards() []Guard {
	guards := make([]Guard, 0, d.count())
	for range cap(guards) {
		g := Guard{Kind: exec.Guard(d.byte())}
		if g.Kind > exec.GuardPresent {
			d.fail("guard")
		}
		if g.Kind == exec.GuardAtOffset {
			g.Offset = d.offset()
		}
		if d.err != nil {
			break
		}
		guards = append(guards, g)
	}
	return guards
}

func (c *Commit) append(dst []byte) []byte {
	dst = appendConsumer(dst, c.Consumer)
	dst = binary.AppendUvarint(dst, c.Term)
	dst = appendFrontiers(dst, c.Before)
	dst = appendFrontiers(dst, c.After)
	dst = binary.AppendUvarint(dst, uint64(len(c.Appends)))
	for _, a := range c.Appends {
		dst = appendBytes(appendPartition(dst, a.Partition), a.Batch)
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.State.Ops)))
	for _, op := range c.State.Ops {
		dst = appendBytes(append(dst, byte(op.Kind)), op.Key)
		if op.Kind != state.Delete {
			dst = appendBytes(dst, op.Value)
		}
	}
	return dst
}

func (c *Commit) decode(d *decoder) {
	c.Consumer, c.Term = d.consumer(), d.uvarint()
	c.Before, c.After = d.frontiers(), d.frontiers()
	for range d.count() {
		c.Appends = append(c.Appends, exec.Append{Partition: d.partition(), Batch: d.bytes()})
		if d.err != nil {
			return
		}
	}
	c.State.Ops = make([]state.Op, 0, d.count())
	for range cap(c.State.Ops) {
		op := state.Op{Kind: state.OpKind(d.byte()), Key: d.bytes()}
		if op.Kind < state.Put || op.Kind > state.DeleteRange {
			d.fail("kind of a state op")
		}
		if op.Kind != state.Delete {
			op.Value = d.bytes()
		}
		if d.err != nil {
			return
		}
		c.State.Ops = append(c.State.Ops, op)
	}
}
