// Package inspect holds the commands that look into the data directory of a node that does not run: they print its logs, its
// state and its catalog, and verify what is on disk. They take the directory's lock and change nothing in it.
//
// What the bytes mean is the business of the packages that own the formats; here it is put into lines. The output is for
// people: it may change from version to version.
package inspect

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/millracedb/millrace/log"
)

// Commands returns the commands log, state and meta.
func Commands() []*cobra.Command {
	return []*cobra.Command{
		group("log", "Look into the logs of a stopped node", logDumpCommand(), logVerifyCommand()),
		group("state", "Look into the state stores of a stopped node", stateDumpCommand()),
		group("meta", "Look into the catalog of a stopped node", metaDumpCommand()),
	}
}

func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short}
	cmd.AddCommand(commands...)
	return cmd
}

// command makes a command that runs on an opened data directory and prints to w.
func command(use, short, long string, args cobra.PositionalArgs, run func(n *node, args []string, w io.Writer) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: args}
	dir := cmd.Flags().String("data-dir", "./data", "directory of all data")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		n, err := openNode(*dir)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(cmd.OutOrStdout())
		return errors.Join(run(n, args, w), w.Flush(), n.close())
	}
	return cmd
}

func logDumpCommand() *cobra.Command {
	o := dumpOptions{}
	cmd := command("dump [TOPIC[-PARTITION]]", "Print record batches and records",
		"Prints the record batches and records of all partitions, or of those of one topic.\n"+
			"TOPIC is the name of a relation, its number, or number.local for one internal topic of its query.",
		cobra.MaximumNArgs(1), func(n *node, args []string, w io.Writer) error {
			if len(args) > 0 {
				o.topic = args[0]
			}
			return n.dumpLog(o, w)
		})
	cmd.Flags().Int64Var((*int64)(&o.from), "from", 0, "first offset to print, of each partition")
	cmd.Flags().IntVar(&o.limit, "limit", 0, "how many records to print of each partition (0: all)")
	cmd.Flags().BoolVar(&o.values, "values", false, "print values, as columns where the catalog knows them, not only their sizes")
	return cmd
}

func logVerifyCommand() *cobra.Command {
	return command("verify", "Read all logs and say what is damaged",
		"Reads every segment of every partition, the write-ahead log and the snapshots, and compares them with the state stores.\n"+
			"Prints a line for each problem, and a note for what a crash may leave and the next start mends; the status is 1 if there is a problem.",
		cobra.NoArgs, func(n *node, _ []string, w io.Writer) error { return n.verify(w) })
}

func stateDumpCommand() *cobra.Command {
	o := stateOptions{}
	cmd := command("dump", "Print what the state stores hold",
		"Prints the keys and values of the shards' stores as they are on disk, which may be behind the write-ahead log.",
		cobra.NoArgs, func(n *node, _ []string, w io.Writer) error { return n.dumpState(o, w) })
	cmd.Flags().IntVar(&o.shard, "shard", -1, "only this shard (-1: all)")
	cmd.Flags().StringVar(&o.prefix, "prefix", "", "only this part: rows, index, task or shard")
	cmd.Flags().IntVar(&o.limit, "limit", 0, "how many keys to print of each shard (0: all)")
	return cmd
}

func metaDumpCommand() *cobra.Command {
	return command("dump", "Print the catalog as JSON", "Prints the catalog as JSON, with its version and the index of the last entry of its log.",
		cobra.NoArgs, func(n *node, _ []string, w io.Writer) error { return n.dumpMeta(w) })
}

// dumpOptions are the flags of log dump.
type dumpOptions struct {
	topic  string
	from   log.Offset
	limit  int
	values bool
}

// stateOptions are the flags of state dump.
type stateOptions struct {
	shard  int
	prefix string
	limit  int
}

// some returns "1 thing" or "n things".
func some(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
