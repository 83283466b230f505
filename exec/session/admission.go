package session

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/sql/catalog"
)

// AnyPassword reports whether somebody can log in with a password, so that a server may listen beyond its machine.
func AnyPassword(c *catalog.Catalog) bool {
	for _, r := range c.Roles() {
		if r.Login && r.Password != "" {
			return true
		}
	}
	return false
}

// SetInitialPassword gives the bootstrap role a password unless it has one. It reports whether it did.
func SetInitialPassword(ctx context.Context, e Engine, password string) (bool, error) {
	text, err := passwordOf(password)
	for err == nil {
		c := e.Catalog()
		r := *c.Role(catalog.BootstrapRole)
		if r.Password != "" {
			return false, nil
		}
		r.Password = text
		err = e.Apply(ctx, catalog.Command{Change: &catalog.Change{Version: c.Version(), PutRoles: []*catalog.Role{&r}}})
		if err == nil {
			return true, nil
		}
		if errors.Is(err, catalog.ErrStale) || errors.Is(err, catalog.ErrPending) {
			err = nil
		}
	}
	return false, err
}
