// Package psql holds the test of psql's backslash commands: what they print of a schema on Millrace and on PostgreSQL.
package psql
