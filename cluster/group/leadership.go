package group

import (
	"sync"

	"github.com/hashicorp/raft"
)

// leadership remembers the term in which the node leads, and tells of changes.
type leadership struct {
	mu      sync.Mutex
	term    uint64 // 0: another leads, or nobody
	changed chan struct{}
}

func (l *leadership) init() { l.changed = make(chan struct{}) }

func (l *leadership) get() (uint64, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.term, l.changed
}

func (l *leadership) set(term uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.term = term
	close(l.changed)
	l.changed = make(chan struct{})
}

// watch follows raft. Should the term move on between the news and the question for its number, we name a term in
// which the node does not lead; what is proposed for it is refused by the term's number in the entry.
func (l *leadership) watch(r *raft.Raft, done <-chan struct{}) {
	for {
		select {
		case leads := <-r.LeaderCh():
			if leads {
				l.set(r.CurrentTerm())
			} else {
				l.set(0)
			}
		case <-done:
			l.set(0)
			return
		}
	}
}
