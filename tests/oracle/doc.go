// Package oracle runs Millrace beside PostgreSQL 15 and compares what they answer: PostgreSQL is the judge of what a
// query means, and a view must hold what the same query gives over the same rows.
//
// A test starts both with StartPostgres and StartMillrace, does to both what it is about through their clients, or
// through a Pair at once, and calls Compare. The server under test is the binary built from this tree, a process of
// its own, that a test may kill. Nothing here sleeps: processes are waited for by the line in which they say that
// they are ready, and reads of Millrace are strong, so what was acknowledged is there.
//
// It is no place for what a test is about: schemas, queries and stories belong to the tests.
package oracle
