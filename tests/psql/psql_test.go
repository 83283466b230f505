package psql_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

const schema = `CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
	CREATE TABLE people (id bigint PRIMARY KEY, name varchar(40) NOT NULL, m mood DEFAULT 'ok', tags text[], price numeric(10,2), n serial, UNIQUE (name),
		CHECK (id > 0));
	CREATE INDEX people_m ON people (m, id DESC);
	CREATE VIEW glad AS SELECT id, m FROM people;
	CREATE SCHEMA other;
	CREATE TABLE other.t (a int, b int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (a, b));
	CREATE TYPE other."Odd" AS ENUM ('x');
	CREATE SEQUENCE sq AS int INCREMENT 5 CYCLE;
	COMMENT ON TABLE people IS 'all of them';
	COMMENT ON COLUMN people.m IS 'how they feel';
	COMMENT ON TYPE mood IS 'feelings';
	COMMENT ON CONSTRAINT people_id_check ON people IS 'positive';
	GRANT SELECT ON people TO reader`

// commands print the same on both, but for the name of the user.
var commands = []string{`\d people`, `\d+ people`, `\d glad`, `\d other.t`, `\d+ other.t`, `\d sq`, `\d people_m`, `\d people_pkey`, `\d+ people_m`, `\d nosuch`, `\d mood`,
	`\d`, `\dt`, `\dt *.t`, `\dv`, `\dv+`, `\dm`, `\di`, `\ds`, `\dE`, `\dT`, `\dT+`, `\dT mood`, `\dT+ other.*`, `\dp`, `\dp people`, `\z other.*`, `\dd people*`,
	`\ddp`, `\db`, `\dRp`, `\dRs`, `\des`, `\dD`, `\du reader`, `\du writer`, `\dg+ writer`, `\drds`, `\dn other`, `\dy`, `\dP`}

// TestBackslashCommands shows that psql's commands print on Millrace what they print on PostgreSQL, for the same schema.
func TestBackslashCommands(t *testing.T) {
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: oracle.StartMillrace(t, oracle.Options{}).Client}
	for _, statement := range []string{"CREATE ROLE reader", "CREATE ROLE writer LOGIN IN ROLE reader"} {
		pair.Got.Exec(t, statement)
		if err := pair.Want.TryExec(statement); err != nil && !strings.Contains(err.Error(), "already exists") { // roles are the server's, not the database's
			t.Fatal(err)
		}
	}
	pair.Exec(t, schema)
	for _, command := range commands {
		want, got := run(t, pair.Want, command), run(t, pair.Got, command)
		if want != got {
			t.Errorf("%s\nPostgreSQL:\n%s\nMillrace:\n%s", command, want, got)
		}
	}
}

// run returns what psql prints, the user's name left out.
func run(t *testing.T, server *oracle.Client, command string) string {
	t.Helper()
	config, err := pgconn.ParseConfig(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command(binary(t), "-X", "-P", "format=unaligned", "-d", server.Address(), "-c", command).CombinedOutput() // it fails where nothing is found
	user := regexp.MustCompile(`\b` + regexp.QuoteMeta(config.User) + `\b`)
	return user.ReplaceAllString(string(out), "USER")
}

// binary is psql 15, beside the server on Debian.
func binary(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/lib/postgresql/15/bin/psql", "psql"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no psql: make deps-psql installs it")
	return ""
}
