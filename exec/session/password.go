package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/millracedb/millrace/sql/pgerr"
)

// Verifier is what is kept of a password: enough to check it, too little to log in with (RFC 5802, RFC 7677). Its text is the
// one of PostgreSQL: SCRAM-SHA-256$iterations:salt$stored key:server key.
type Verifier scram.StoredCredentials

const (
	verifierPrefix = "SCRAM-SHA-256$"
	// scramIterations and scramSaltBytes are PostgreSQL's.
	scramIterations = 4096
	scramSaltBytes  = 16
	// maxPasswordBytes bounds a password's text.
	maxPasswordBytes = 1024
)

var verifierForm = regexp.MustCompile(`^SCRAM-SHA-256\$([0-9]{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$`)

// NewVerifier makes the verifier of a password, with a salt of its own.
func NewVerifier(password string) Verifier {
	salt := make([]byte, scramSaltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program itself
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil { // what cannot be prepared is taken as it is, as PostgreSQL and its clients do
		if client, err = scram.SHA256.NewClientUnprepped("", password, ""); err != nil {
			panic(fmt.Sprintf("BUG: SCRAM client: %v", err))
		}
	}
	c := client.GetStoredCredentials(scram.KeyFactors{Salt: string(salt), Iters: scramIterations})
	return Verifier(c)
}

// MockVerifier returns a verifier that no password fits, with a salt from seed, which has 32 bytes. Nothing is derived: anybody may ask for it.
func MockVerifier(seed []byte) Verifier {
	keys := make([]byte, 2*sha256.Size)
	_, _ = rand.Read(keys) // never fails
	return Verifier{KeyFactors: scram.KeyFactors{Salt: string(seed[:scramSaltBytes]), Iters: scramIterations},
		StoredKey: keys[:sha256.Size], ServerKey: keys[sha256.Size:]}
}

// String returns the verifier's text.
func (v Verifier) String() string {
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s%d:%s$%s:%s", verifierPrefix, v.Iters, encode([]byte(v.Salt)), encode(v.StoredKey), encode(v.ServerKey))
}

// ParseVerifier reads a verifier's text; false if it is none.
func ParseVerifier(text string) (v Verifier, ok bool) {
	parts := verifierForm.FindStringSubmatch(text)
	if parts == nil {
		return v, false
	}
	iterations, err := strconv.Atoi(parts[1])
	salt, saltErr := base64.StdEncoding.DecodeString(parts[2])
	stored, storedErr := base64.StdEncoding.DecodeString(parts[3])
	server, serverErr := base64.StdEncoding.DecodeString(parts[4])
	if errors.Join(err, saltErr, storedErr, serverErr) != nil {
		return v, false
	}
	v = Verifier{KeyFactors: scram.KeyFactors{Salt: string(salt), Iters: iterations}, StoredKey: stored, ServerKey: server}
	return v, iterations > 0 && len(salt) > 0 && len(stored) == sha256.Size && len(server) == sha256.Size
}

// passwordOf is what a role keeps of the text behind PASSWORD: a verifier as it is, of all else its verifier. Errors: 0A000 for
// hashes that PostgreSQL had before SCRAM, 22023.
func passwordOf(text string) (string, error) {
	switch {
	case strings.HasPrefix(text, "md5") && len(text) == 35:
		return "", pgerr.Unsupported("passwords hashed with md5 are")
	case len(text) > maxPasswordBytes:
		return "", pgerr.New(pgerr.InvalidParameterValue, "password is longer than %d bytes", maxPasswordBytes)
	}
	if _, ok := ParseVerifier(text); ok {
		return text, nil
	}
	return NewVerifier(text).String(), nil
}
