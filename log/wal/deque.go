package wal

// deque is a slice that gives and takes at its end and takes at its front.
type deque[T any] struct {
	items []T
	head  int
}

func (d *deque[T]) len() int { return len(d.items) - d.head }

func (d *deque[T]) at(i int) T { return d.items[d.head+i] }

func (d *deque[T]) push(v T) { d.items = append(d.items, v) }

// keep drops all but the first n.
func (d *deque[T]) keep(n int) {
	clear(d.items[d.head+n:])
	d.items = d.items[:d.head+n]
}

// drop drops the first n; memory comes back when half of it is unused.
func (d *deque[T]) drop(n int) {
	clear(d.items[d.head : d.head+n])
	d.head += n
	if d.head > len(d.items)/2 {
		d.items = append(make([]T, 0, d.len()+d.len()/4), d.items[d.head:]...)
		d.head = 0
	}
}
