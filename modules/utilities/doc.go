// Package utilities is the operations desk of billing: it asks for
// recalculations and shows the run queue and log. It owns no table; what it
// shows and asks for is billing's, stated in ports.go. Permissions: billing's,
// restated in permissions.go.
//
// # Invariants
//
//  1. A recalculation is requested only for a tenant that has accounts in that
//     month, and only for months that have begun.
//  2. Either every month of a form is fit to be requested, or none is.
//  3. A run that the acting tenant may not see is NotFound, like one that does
//     not exist.
//  4. The queue refreshes itself exactly as long as one of its jobs is open.
package utilities
