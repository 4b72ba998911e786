//go:build race

package cmd_test

// raced: the race detector keeps a copy of all memory.
const raced = true
