package tui

import (
	"math"
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"
)

// index is what a filter looks at: some keys for each row.
type index struct {
	keys  []string
	owner []int
	rows  int
}

func (x *index) reset() { x.keys, x.owner, x.rows = x.keys[:0], x.owner[:0], 0 }

func (x *index) add(keys []string) {
	for _, k := range keys {
		if k != "" {
			x.keys, x.owner = append(x.keys, k), append(x.owner, x.rows)
		}
	}
	x.rows++
}

// Len and String make the index a source of package fuzzy.
func (x *index) Len() int            { return len(x.keys) }
func (x *index) String(i int) string { return x.keys[i] }

const nowhere = math.MinInt

// search finds the rows in which every word of the text occurs, letters in between allowed, the
// best first. Without a word it finds all, in their order.
func (x *index) search(text string) []int {
	words := strings.Fields(text)
	scores := make([]int, x.rows)
	for _, w := range words {
		best := make([]int, x.rows)
		for i := range best {
			best[i] = nowhere
		}
		for _, m := range fuzzy.FindFromNoSort(w, x) {
			if near(m) {
				best[x.owner[m.Index]] = max(best[x.owner[m.Index]], m.Score)
			}
		}
		for i, b := range best {
			if b == nowhere || scores[i] == nowhere {
				scores[i] = nowhere
			} else {
				scores[i] += b
			}
		}
	}
	found := make([]int, 0, x.rows)
	for i, s := range scores {
		if s != nowhere {
			found = append(found, i)
		}
	}
	if len(words) > 0 {
		slices.SortStableFunc(found, func(a, b int) int { return scores[b] - scores[a] })
	}
	return found
}

// near refuses letters that are strewn over a long ARN: nobody who sees such a row knows why it is there.
func near(m fuzzy.Match) bool {
	first, last := m.MatchedIndexes[0], m.MatchedIndexes[len(m.MatchedIndexes)-1]
	return last-first < 3*len(m.MatchedIndexes)+3
}
