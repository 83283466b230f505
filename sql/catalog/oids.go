package catalog

// primaryKeyBit tells the number of a relation's key, as an index and as a constraint of pg_catalog, from the relation's.
const primaryKeyBit RelationID = 1 << 30

// PrimaryKeyOID returns the number in pg_index and pg_constraint of the key of relation id.
func (id RelationID) PrimaryKeyOID() uint32 { return uint32(id | primaryKeyBit) }

// PrimaryKeyRelation returns the relation whose key has a number in pg_index, 0 if it is no such number.
func PrimaryKeyRelation(oid uint32) RelationID {
	if RelationID(oid)&primaryKeyBit == 0 {
		return 0
	}
	return RelationID(oid) &^ primaryKeyBit
}

// checkBit tells the numbers of CHECK constraints from others; MaxChecks is how many a relation may have.
const (
	checkBit  uint32 = 1 << 31
	MaxChecks        = 1 << checkBits
	checkBits        = 6
)

// checkOID returns the number in pg_constraint of check i of r.
func (r *Relation) checkOID(i int) uint32 { return checkBit | r.oid()<<checkBits | uint32(i) }

// CheckOf returns the relation and the CHECK constraint that have the number oid in pg_constraint; nil if there is none.
func (c *Catalog) CheckOf(oid uint32) (*Relation, *Check) {
	if oid&checkBit == 0 {
		return nil, nil
	}
	r := c.ByID(RelationID(oid &^ checkBit >> checkBits))
	if i := int(oid % MaxChecks); r != nil && i < len(r.Checks) {
		return r, &r.Checks[i]
	}
	return nil, nil
}

// SystemOIDs are PostgreSQL's numbers of relations of pg_catalog, which clients write as 'pg_class'::regclass.
var SystemOIDs = map[string]uint32{
	"pg_class": 1259, "pg_attribute": 1249, "pg_type": 1247, "pg_proc": 1255, "pg_namespace": 2615, "pg_constraint": 2606, "pg_index": 2610,
	"pg_attrdef": 2604, "pg_am": 2601, "pg_description": 2609, "pg_database": 1262, "pg_authid": 1260, "pg_trigger": 2620, "pg_rewrite": 2618,
	"pg_depend": 2608, "pg_inherits": 2611, "pg_collation": 3456, "pg_language": 2612, "pg_operator": 2617, "pg_cast": 2605, "pg_enum": 3501,
	"pg_extension": 3079, "pg_tablespace": 1213, "pg_policy": 3256, "pg_publication": 6104, "pg_statistic_ext": 3381,
}
