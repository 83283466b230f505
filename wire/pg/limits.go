package pg

import "time"

// Bounds of one connection and of the server.
const (
	// DefaultMaxConnections bounds the clients served at one time; one more is told 53300.
	DefaultMaxConnections = 1000
	// maxRefusals bounds the connections beyond that to which a refusal is being told; further ones are just closed.
	maxRefusals = 64
	// startupTimeout bounds how long a connection may take until it is authenticated.
	startupTimeout = 15 * time.Second
	// maxStartupBytes bounds a start-up packet, as PostgreSQL does; nothing else is read before authentication.
	maxStartupBytes = 10_000
	// maxNegotiations bounds SSLRequest and GSSENCRequest before the start-up packet: one of each.
	maxNegotiations = 2
	// MaxMessageBytes bounds a message after authentication: a statement, the parameters of one Bind, a piece of COPY data.
	MaxMessageBytes = 64 << 20
	// maxQueued and maxQueuedBytes bound the messages that are read ahead of the one being worked on.
	maxQueued      = 4096
	maxQueuedBytes = 1 << 20
	// inputBytes is how much is read from the socket at a time, and bodyStepBytes how much is allocated for a message
	// before that much of it has come.
	inputBytes    = 8 << 10
	bodyStepBytes = 64 << 10
	// outputBytes is how much output is gathered before it is written.
	outputBytes = 64 << 10
	// keptOutputBytes bounds the output buffer that is kept for the next statement.
	keptOutputBytes = 256 << 10
	// copyBatchRows is how many rows of COPY FROM go to the executor at a time.
	copyBatchRows = 1024
	// maxCopyRowBytes bounds one row of COPY FROM.
	maxCopyRowBytes = 64 << 20
	// refusalTimeout bounds how long a message that ends a connection may take to be written.
	refusalTimeout = time.Second
)
