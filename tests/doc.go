// Package tests holds the tests of the tree itself: which way imports run, and that every package says what it is.
// Tests of the running server are in the folders below; what they share is in package oracle.
package tests
