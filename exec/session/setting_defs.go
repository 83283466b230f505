package session

import (
	"slices"
	"strings"
)

// ServerVersion is the version of PostgreSQL whose behaviour clients may expect, as SHOW server_version begins.
const ServerVersion = "15.8"

const serverVersionNumber = "150008"

// serverVersion is what drivers parse: PostgreSQL's version, then ours.
func serverVersion(ours string) string {
	if ours == "" {
		return ServerVersion
	}
	return ServerVersion + " (Millrace " + ours + ")"
}

// definition describes one setting.
type definition struct {
	name  string // as displayed
	value string // default
	// fixed settings tell of the server and cannot be set.
	fixed bool
	// report: the client is told of changes, with ParameterStatus ("PostgreSQL 15 docs 55.2.7").
	report bool
	check  func(name string, values []string) (string, error)
	help   string
}

// definitions holds all settings by lower-case name. What would change nothing may only be set to what is in force:
// silence would be a lie.
var definitions = byName(
	definition{name: "application_name", report: true, check: checkText, help: "Sets the application name to be shown in logs."},
	definition{name: "backslash_quote", value: "safe_encoding", check: only("safe_encoding"), help: "Says whether \\' is allowed in string literals."},
	definition{name: "bytea_output", value: "hex", check: only("hex"), help: "Sets the output format of bytea."},
	definition{name: "client_encoding", value: "UTF8", report: true, check: checkEncoding, help: "Sets the client's character set encoding."},
	definition{name: "client_min_messages", value: "notice", check: oneOf("debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"), help: "Sets which messages are sent to the client."},
	definition{name: "consistency", value: "strong", check: oneOf("strong", "session", "eventual"), help: "Says which writes a read must see."},
	definition{name: "DateStyle", value: "ISO, MDY", report: true, check: checkDateStyle, help: "Sets the display format of dates."},
	definition{name: "default_table_access_method", value: "heap", check: only("heap"), help: "Sets the default table access method for new tables."},
	definition{name: "default_transaction_deferrable", value: "off", check: onlyBool("off"), help: "Sets the default deferrable status of transactions."},
	definition{name: "default_transaction_isolation", value: "read committed", check: checkIsolation, help: "Sets the isolation level of new transactions."},
	definition{name: "default_transaction_read_only", value: "off", report: true, check: checkBool, help: "Sets the default read-only status of transactions."},
	definition{name: "escape_string_warning", value: "on", check: checkBool, help: "Warns about backslashes in ordinary string literals."},
	definition{name: "extra_float_digits", value: "1", check: checkFloatDigits, help: "Sets the number of digits displayed of floats."},
	definition{name: "idle_in_transaction_session_timeout", value: "0", check: checkDuration, help: "Sets the time that an idle transaction may last."},
	definition{name: "idle_session_timeout", value: "0", check: checkDuration, help: "Sets the time that a session may be idle outside a transaction."},
	definition{name: "in_hot_standby", value: "off", fixed: true, report: true, help: "Shows whether the server is a hot standby."},
	definition{name: "integer_datetimes", value: "on", fixed: true, report: true, help: "Shows that datetimes are integers."},
	definition{name: "IntervalStyle", value: "postgres", report: true, check: only("postgres"), help: "Sets the display format of intervals."},
	definition{name: "is_superuser", value: "on", fixed: true, report: true, help: "Shows whether the current user is a superuser."},
	definition{name: "lc_collate", value: "C", fixed: true, help: "Shows the collation order."},
	definition{name: "lc_ctype", value: "C", fixed: true, help: "Shows the character classification."},
	definition{name: "lc_messages", value: "C", check: only("C"), help: "Sets the language of messages."},
	definition{name: "lock_timeout", value: "0", check: checkDuration, help: "Sets the time to wait for a lock."},
	definition{name: "log_min_duration_statement", value: "-1", check: checkLogDuration, help: "Sets the time from which on statements are logged."},
	definition{name: "max_identifier_length", value: "63", fixed: true, help: "Shows the maximum length of a name, in bytes."},
	definition{name: "role", value: noRole, check: checkText, help: "Sets the current role."},
	definition{name: "row_security", value: "on", check: checkBool, help: "Enables row security."},
	definition{name: "search_path", value: `"$user", public`, check: checkSearchPath, help: "Sets the schemas searched for names without one."},
	definition{name: "server_encoding", value: "UTF8", fixed: true, report: true, help: "Shows the server's character set encoding."},
	definition{name: "max_index_keys", value: "32", fixed: true, help: "Shows the maximum number of index keys."},
	definition{name: "server_version", value: ServerVersion, fixed: true, report: true, help: "Shows the server's version."},
	definition{name: "server_version_num", value: serverVersionNumber, fixed: true, help: "Shows the server's version as a number."},
	definition{name: "session_authorization", fixed: true, report: true, help: "Shows the session's user."},
	definition{name: "standard_conforming_strings", value: "on", report: true, check: onlyBool("on"), help: "Causes '...' strings to take backslashes literally."},
	definition{name: "statement_timeout", value: "0", check: checkDuration, help: "Sets the time that a statement may run."},
	definition{name: "synchronous_commit", value: "on", check: onlyBool("on"), help: "Says what an acknowledged commit has survived."},
	definition{name: "TimeZone", value: "UTC", report: true, check: checkTimeZone, help: "Sets the time zone of timestamps."},
	definition{name: "temp_file_limit", value: "-1", check: only("-1"), help: "Shows the limit of a session's temporary files: that of the node."},
	definition{name: "transaction_deferrable", value: "off", check: onlyBool("off"), help: "Shows whether the transaction is deferrable."},
	definition{name: "transaction_isolation", value: "read committed", check: checkIsolation, help: "Sets the transaction's isolation level."},
	definition{name: "transaction_read_only", value: "off", check: checkBool, help: "Sets the transaction's read-only status."},
	definition{name: "work_mem", check: checkMemory, help: "Sets the memory that a statement uses before it uses temporary files."},
)

// reportedSettings are the names of which clients are told, in order.
var reportedSettings = func() []string {
	var names []string
	for _, d := range definitions {
		if d.report {
			names = append(names, d.name)
		}
	}
	slices.Sort(names)
	return names
}()

func byName(list ...definition) map[string]definition {
	m := make(map[string]definition, len(list))
	for _, d := range list {
		m[strings.ToLower(d.name)] = d
	}
	return m
}
