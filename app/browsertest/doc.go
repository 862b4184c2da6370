// Package browsertest walks through the product in a real browser: Chromium
// without a window, over the whole program with its demo.
//
// A test opens a tab with Open. Everything that it does to the page waits until
// it can be done; nothing sleeps. A tab fails its test for an error in the
// console, an exception that nobody caught, and whatever the content security
// policy had to refuse.
//
// Elements are named by a CSS selector, and where that is not enough by a text
// in them: "button|Save version". Only those that can be seen count.
package browsertest
