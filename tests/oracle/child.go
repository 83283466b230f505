package oracle

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startTimeout bounds a server's start, a boot after a crash included; stopTimeout its orderly end.
	startTimeout = time.Minute
	stopTimeout  = time.Minute
	// tailLines bounds what is kept of a server's output; alarmLines what is kept of its alarms.
	tailLines  = 300
	alarmLines = 20
)

// alarms are words in a server's output that no test may cause.
var alarms = []string{"panic:", "BUG:", "FATAL:", "DATA RACE"}

// child is a server process of this one. It dies with this process, even if that is killed.
type child struct {
	cmd    *exec.Cmd
	output *tail
	exited chan struct{} // closed when the process has ended and its output is read
	err    error         // of the process's end; valid once exited is closed
}

// startChild starts cmd and returns when it has printed, to either stream, a line that isReady accepts. When this
// process dies, the kernel sends the child the signal onDeath.
func startChild(cmd *exec.Cmd, onDeath syscall.Signal, isReady func(line string) bool) (*child, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = onDeath

	c := &child{cmd: cmd, output: &tail{}, exited: make(chan struct{})}
	started, ready := make(chan error, 1), make(chan struct{})
	go c.run(reader, writer, started, ready, isReady)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	select {
	case <-ready:
		return c, nil
	case <-c.exited:
		return nil, fmt.Errorf("%s ended before it was ready: %v\n%s", cmd.Path, c.err, c.output)
	case <-time.After(startTimeout):
		c.kill()
		return nil, fmt.Errorf("%s was not ready after %v\n%s", cmd.Path, startTimeout, c.output)
	}
}

// run starts the process and waits for its end. It keeps its thread throughout, because the kernel's signal at the
// parent's death is sent when the thread that started the child ends, not the process.
func (c *child) run(reader, writer *os.File, started chan<- error, ready chan<- struct{}, isReady func(string) bool) {
	runtime.LockOSThread()
	defer reader.Close()
	err := c.cmd.Start()
	writer.Close()
	started <- err
	if err != nil {
		return
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		c.output.readFrom(reader, func(line string) {
			if ready != nil && isReady(line) {
				close(ready)
				ready = nil
			}
		})
	}()
	c.err = c.cmd.Wait()
	<-drained
	close(c.exited)
}

// stop asks the process to end with a signal and returns how it ended. One that does not end is killed.
func (c *child) stop(signal os.Signal) error {
	select {
	case <-c.exited:
		return c.err
	default:
	}
	if err := c.cmd.Process.Signal(signal); err != nil {
		return err
	}
	select {
	case <-c.exited:
		return c.err
	case <-time.After(stopTimeout):
		c.kill()
		return fmt.Errorf("%s did not end within %v of %v", c.cmd.Path, stopTimeout, signal)
	}
}

// kill ends the process with SIGKILL and waits until it is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // fails only for a process that has ended
	<-c.exited
}

// tail keeps the last lines of a server's output, and apart from them its alarms. Any goroutine may read it.
type tail struct {
	mu     sync.Mutex
	lines  []string
	alarms []string
}

// readFrom keeps what r gives until its end, and hands each line to see. Long lines come in pieces.
func (l *tail) readFrom(r io.Reader, see func(line string)) {
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		l.add(string(line))
		see(string(line))
	}
}

func (l *tail) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 2*tailLines {
		l.lines = append(l.lines[:0], l.lines[tailLines:]...)
	}
	l.lines = append(l.lines, line)
	for _, word := range alarms {
		if strings.Contains(line, word) && len(l.alarms) < alarmLines {
			l.alarms = append(l.alarms, line)
		}
	}
}

// String is the last lines of the output.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines[max(0, len(l.lines)-tailLines):], "\n")
}

// raised returns the lines that were alarms.
func (l *tail) raised() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.alarms...)
}
