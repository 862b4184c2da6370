package focus

import (
	"strings"
)

// Provider is what a provider is called.
type Provider struct {
	Key        string   // canonical: aws, azure, gcp, …
	Names      []string // in ProviderName and ServiceProviderName, in any case
	Publishers []string // in PublisherName besides Names: who is not among them sells through a marketplace. A * at the end stands for any rest
}

// Providers finds providers by name.
type Providers struct {
	list  []Provider
	known map[string]Provider
}

// NewProviders returns the providers of list.
func NewProviders(list []Provider) *Providers {
	return &Providers{list: list, known: make(map[string]Provider)}
}

// Find returns the provider of that name. A name that nobody has is its own
// key and publisher.
func (p *Providers) Find(name []byte) Provider {
	if found, ok := p.known[string(name)]; ok {
		return found
	}
	found := Provider{Key: string(name), Names: []string{string(name)}}
	for _, candidate := range p.list {
		if strings.EqualFold(candidate.Key, string(name)) || among(candidate.Names, string(name)) {
			found = candidate
		}
	}
	p.known[string(name)] = found
	return found
}

// IsOwn reports whether what publisher sells is the provider's own.
func (p Provider) IsOwn(publisher []byte) bool {
	return len(publisher) == 0 || among(p.Names, string(publisher)) || among(p.Publishers, string(publisher))
}

func among(names []string, name string) bool {
	for _, n := range names {
		prefix, open := strings.CutSuffix(n, "*")
		if strings.EqualFold(n, name) || open && len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}
