// Package migrations embeds the database schema: numbered SQL files, named by
// the module whose tables they define, and the grants of the two runtime roles.
package migrations

import "embed"

// Files holds NNNN_<module>_<what>.sql in goose's format.
//
//go:embed *_*.sql
var Files embed.FS

// Grants says which runtime role may do what; {{web}} and {{work}} stand for
// the roles' quoted names.
//
//go:embed grants.sql
var Grants string
