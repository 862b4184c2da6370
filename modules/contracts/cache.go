package contracts

import (
	"sync"

	"tierbook/app/kernel/id"
	"tierbook/rules"
)

// maxCompiled bounds the cache; a process that meets more versions forgets
// them all and starts again.
const maxCompiled = 4096

// compiledCache holds compiled versions. It is safe for concurrent use.
type compiledCache struct {
	mu        sync.Mutex
	byVersion map[id.Version]*rules.Contract
}

func newCache() *compiledCache {
	return &compiledCache{byVersion: map[id.Version]*rules.Contract{}}
}

func (c *compiledCache) get(v id.Version) (*rules.Contract, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	compiled, ok := c.byVersion[v]
	return compiled, ok
}

func (c *compiledCache) put(v id.Version, compiled *rules.Contract) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byVersion) >= maxCompiled {
		clear(c.byVersion)
	}
	c.byVersion[v] = compiled
}
