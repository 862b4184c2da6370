// Package sitetest gives tests the whole program: pages and workers of one
// process, over the demo and a second distributor's tree. The demo is made once
// in a test program; whoever writes gets a copy of its own. Only tests import
// it.
package sitetest
