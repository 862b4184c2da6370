// Package reports tells each tier what a month came to: the start page. It owns
// no table; its numbers are billing's and usage's, stated in ports.go.
// Permissions: none of its own; every part of a page is there for those who may
// read what it is made from.
//
// # Invariants
//
//  1. Nothing is added across currencies.
//  2. A tier sees its own cost and price and those below it: of what is above
//     it, only what it was charged. A customer sees its spend and nothing else.
//  3. What a picture leaves out as too small is in it as «others», so that it
//     adds up to what it was made from; the table behind it has its numbers.
//  4. A month counts as good only if everything that was asked said so.
package reports
