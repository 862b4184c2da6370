package demo

import (
	"embed"
	"fmt"
	"strings"

	"tierbook/app/kernel/period"
)

//go:embed contracts/*.yaml
var contractFiles embed.FS

// ContractFile is a contract as code.
type ContractFile struct {
	Name string // of the file
	YAML []byte
}

// Contracts returns the story's contracts in the order to apply them in, with
// the months of the story filled in, oldest first.
func Contracts(months []period.Month) ([]ContractFile, error) {
	entries, err := contractFiles.ReadDir("contracts")
	if err != nil {
		return nil, fmt.Errorf("read contracts: %w", err)
	}
	fill := strings.NewReplacer(
		"$FIRST", months[0].String(), "$MIDDLE", months[movedAt(len(months))].String(), "$LAST", months[len(months)-1].String(),
	)
	out := make([]ContractFile, len(entries))
	for i, e := range entries {
		text, err := contractFiles.ReadFile("contracts/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read contracts: %w", err)
		}
		out[i] = ContractFile{Name: e.Name(), YAML: []byte(fill.Replace(string(text)))}
	}
	return out, nil
}
