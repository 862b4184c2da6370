package tenancy

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// argonParams is the cost of one hash. Each hash carries the parameters that
// it was made with, so that they can be raised without invalidating any.
type argonParams struct {
	memoryKiB uint32
	passes    uint32
	threads   uint8
}

// argonDefault is the first of OWASP's equivalent choices for argon2id that
// stays well below the memory which a rating worker is allowed.
var argonDefault = argonParams{memoryKiB: 19 * 1024, passes: 2, threads: 1}

// argonLimit bounds what a stored hash may ask of this process.
var argonLimit = argonParams{memoryKiB: 256 * 1024, passes: 16, threads: 16}

const (
	saltBytes = 16
	keyBytes  = 32
)

var errHash = errors.New("not an argon2id hash")

// hashPassword returns $argon2id$v=19$m=…,t=…,p=…$salt$key with a fresh salt.
func hashPassword(password string, p argonParams) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: the program ends if the machine has no randomness
	key := argon2.IDKey([]byte(password), salt, p.passes, p.memoryKiB, p.threads, keyBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.memoryKiB, p.passes, p.threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// verifyPassword reports whether hash was made of password. The comparison
// takes the same time wherever the two differ.
func verifyPassword(hash, password string) (bool, error) {
	p, salt, want, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	got := argon2.IDKey([]byte(password), salt, p.passes, p.memoryKiB, p.threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func parseHash(hash string) (p argonParams, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memoryKiB, &p.passes, &p.threads); err != nil {
		return p, nil, nil, errHash
	}
	if p.passes < 1 || p.threads < 1 || p.passes > argonLimit.passes ||
		p.threads > argonLimit.threads || p.memoryKiB > argonLimit.memoryKiB {
		return p, nil, nil, errHash
	}
	salt, serr := base64.RawStdEncoding.DecodeString(parts[4])
	key, kerr := base64.RawStdEncoding.DecodeString(parts[5])
	if serr != nil || kerr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return p, nil, nil, errHash
	}
	return p, salt, key, nil
}
