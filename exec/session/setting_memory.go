package session

import (
	"math"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Bounds of a setting of memory, in kB, as in PostgreSQL.
const (
	minMemoryKB = 64
	maxMemoryKB = math.MaxInt32
)

// memoryUnits are PostgreSQL's, in kB, the largest last.
var memoryUnits = []struct {
	name string
	kB   float64
}{{"B", 1.0 / 1024}, {"kB", 1}, {"MB", 1 << 10}, {"GB", 1 << 20}, {"TB", 1 << 30}}

// checkMemory reads an amount of memory: kB, or a number with a unit.
func checkMemory(name string, values []string) (string, error) {
	v, err := single(name, values)
	if err != nil {
		return "", err
	}
	v = strings.TrimSpace(v)
	end := strings.LastIndexAny(v, "0123456789.") + 1
	number, err := strconv.ParseFloat(v[:end], 64)
	unit := strings.TrimSpace(v[end:])
	if unit == "" {
		unit = "kB"
	}
	for _, u := range memoryUnits {
		if u.name != unit || err != nil {
			continue
		}
		kB := math.RoundToEven(number * u.kB)
		if kB < minMemoryKB || kB > maxMemoryKB {
			return "", pgerr.New(pgerr.InvalidParameterValue, "%.0f kB is outside the valid range for parameter %q (%d .. %d)", kB, name, minMemoryKB, maxMemoryKB)
		}
		return formatMemory(int64(kB)), nil
	}
	invalid := invalidValue(name, v).(*pgerr.Error)
	if err == nil {
		invalid = invalid.WithHint(`Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".`)
	}
	return "", invalid
}

// formatMemory gives the largest unit that divides, as SHOW does.
func formatMemory(kB int64) string {
	for i := len(memoryUnits) - 1; i > 1; i-- {
		if u := int64(memoryUnits[i].kB); kB%u == 0 {
			return strconv.FormatInt(kB/u, 10) + memoryUnits[i].name
		}
	}
	return strconv.FormatInt(kB, 10) + "kB"
}

// defaultWorkMem is the value of work_mem that changes nothing.
func defaultWorkMem(memoryBytes int64) string {
	if memoryBytes == 0 {
		memoryBytes = exec.DefaultMemoryBytes
	}
	return formatMemory(max(memoryBytes/2>>10, minMemoryKB))
}

// memoryOf is the value of a setting of memory in bytes.
func memoryOf(v string) int64 {
	end := strings.LastIndexAny(v, "0123456789") + 1
	n, _ := strconv.ParseInt(v[:end], 10, 64) // as formatMemory wrote it
	for _, u := range memoryUnits {
		if u.name == v[end:] {
			n *= int64(u.kB * 1024)
		}
	}
	return n
}
