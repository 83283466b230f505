package parse

// Bounds of what is parsed at once.
const (
	// MaxStatementBytes bounds the text given to Parse: a multi-row INSERT of a few hundred thousand values fits.
	MaxStatementBytes = 16 << 20
	// MaxTokens bounds the tokens of one text, and so its memory: a token is 48 bytes.
	MaxTokens = 4 << 20
	// MaxDepth bounds the nesting of a statement, chains of operators included, for everybody who walks the tree.
	MaxDepth = 3000
	// MaxParams is the highest parameter number, as in the protocol.
	MaxParams = 65535
	// maxIdentBytes is PostgreSQL's NAMEDATALEN - 1: longer identifiers are cut.
	maxIdentBytes = 63
	// maxNameParts bounds catalog.schema.name.
	maxNameParts = 3
	// maxKeptTokens is the size above which buffers are not kept for the next statement.
	maxKeptTokens = 1 << 14
	// maxKeptText is the same for the bytes of a translation.
	maxKeptText = 1 << 18
)
