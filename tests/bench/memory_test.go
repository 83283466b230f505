package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

// idleClients are the connections over which memory per connection is taken. Each has run a statement.
const idleClients = 500

// BenchmarkMemory compares a new node with PostgreSQL: one that has worked has memory to spare.
func BenchmarkMemory(b *testing.B) {
	node, theirs := oracle.StartMillrace(b, oracle.Options{Released: true}), oracle.StartDurablePostgres(b)
	row := Row{Name: fmt.Sprintf("memory of an idle connection, of %d", idleClients), Unit: "KiB", Bare: "PostgreSQL 15"}
	CompareAmounts(b, row, memoryOfIdle(b, node.Client), memoryOfIdle(b, theirs))
}

// memoryOfIdle is by how many KiB the server's processes grow for each idle client.
func memoryOfIdle(b *testing.B, server *oracle.Client) float64 {
	before := memory(b, server.Process())
	for range idleClients {
		_, err := selectOne(server.Conn(b))
		must(b, err)
	}
	return float64(memory(b, server.Process())-before) / idleClients
}

// memory is how many KiB a process and its children take; pages that processes share count for each by its share.
func memory(b *testing.B, process int) int {
	sum := 0
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must(b, err)
	for _, name := range stats {
		pid := filepath.Base(filepath.Dir(name))
		if pid == strconv.Itoa(process) || parentOf(name) == strconv.Itoa(process) {
			sum += proportional(pid)
		}
	}
	if sum == 0 {
		b.Fatalf("process %d is gone", process)
	}
	return sum
}

// parentOf reads the parent's id out of a stat file: the second field behind the name in parentheses. A process may have ended.
func parentOf(stat string) string {
	text, _ := os.ReadFile(stat)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 2 {
		return ""
	}
	return fields[1]
}

// proportional is the Pss of a process in KiB; 0 of one that has ended.
func proportional(pid string) int {
	text, _ := os.ReadFile("/proc/" + pid + "/smaps_rollup")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Pss:" {
			kib, _ := strconv.Atoi(fields[1])
			return kib
		}
	}
	return 0
}
