package state

import (
	"bytes"
	"errors"
)

// merged walks several iterators, which have no key in common, as one.
type merged struct {
	its     []Iterator // those that are not at their end; the next key is at at
	back    bool       // in descending order, as its
	ended   []Iterator
	at      int
	started bool
}

// Next implements Iterator.
func (m *merged) Next() bool {
	if !m.started {
		m.started = true
		for i := len(m.its) - 1; i >= 0; i-- {
			m.advance(i)
		}
	} else if len(m.its) > 0 {
		m.advance(m.at)
	}
	m.at = 0
	for i := 1; i < len(m.its); i++ {
		if before := bytes.Compare(m.its[i].Key(), m.its[m.at].Key()) < 0; before != m.back {
			m.at = i
		}
	}
	return len(m.its) > 0
}

// advance moves iterator i, and sets it aside at its end.
func (m *merged) advance(i int) {
	if m.its[i].Next() {
		return
	}
	m.ended = append(m.ended, m.its[i])
	m.its = append(m.its[:i], m.its[i+1:]...)
}

// Key implements Iterator.
func (m *merged) Key() []byte { return m.its[m.at].Key() }

// Value implements Iterator.
func (m *merged) Value() []byte { return m.its[m.at].Value() }

// Close implements Iterator.
func (m *merged) Close() error {
	var errs []error
	for _, it := range append(m.ended, m.its...) {
		errs = append(errs, it.Close())
	}
	m.its, m.ended = nil, nil
	return errors.Join(errs...)
}
