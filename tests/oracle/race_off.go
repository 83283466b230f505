//go:build !race

package oracle

// buildFlags are for the server's binary: with the race detector exactly if this process has it.
var buildFlags []string
