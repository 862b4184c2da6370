// Package demo makes a believable channel to try Tierbook on: provider exports
// of six months, the organisations that sell them on, and their contracts.
//
// Generate writes the exports, the way the providers deliver them, from a seed:
// equal options give equal bytes on every machine. Run tells the story with
// them through the real services, which the caller supplies as Steps.
package demo
