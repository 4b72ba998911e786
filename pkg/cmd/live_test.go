package cmd

import (
	"testing"
	"time"
)

// TestCompletionKeepsItsBudget: an answer to the Tab key comes within 300 ms, and starting the program and printing
// what was found takes some of that too. How much is measured by BenchmarkCompletionOfASlowAccount.
func TestCompletionKeepsItsBudget(t *testing.T) {
	const budget, around = 300 * time.Millisecond, 60 * time.Millisecond
	if completionTime+around > budget {
		t.Errorf("asking takes up to %s, and all that is around it up to %s: more than %s", completionTime, around, budget)
	}
}
