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
	lower []string
	owner []int
	rows  int
}

func (x *index) reset() { x.keys, x.lower, x.owner, x.rows = x.keys[:0], x.lower[:0], x.owner[:0], 0 }

func (x *index) add(keys []string) {
	for _, k := range keys {
		if k != "" {
			x.keys, x.lower, x.owner = append(x.keys, k), append(x.lower, strings.ToLower(k)), append(x.owner, x.rows)
		}
	}
	x.rows++
}

// Len and String make the index a source of package fuzzy. Of an ARN only the resource counts there:
// the same letters before it in every ARN would catch whatever is typed.
func (x *index) Len() int { return len(x.keys) }

func (x *index) String(i int) string {
	key := x.keys[i]
	if strings.HasPrefix(key, "arn:") {
		return key[strings.LastIndexByte(key, ':')+1:]
	}
	return key
}

const nowhere = math.MinInt

// fuzzyPrefix is before a filter whose words may have letters in between.
const fuzzyPrefix = "~"

// search finds the rows in which every word of the text occurs, the best first. Without a word it finds all, in their order.
func (x *index) search(text string) []int {
	text, near := strings.CutPrefix(strings.ToLower(text), fuzzyPrefix)
	find := x.word
	if near {
		find = x.letters
	}
	words := strings.Fields(text)
	total := make([]int, x.rows)
	for _, w := range words {
		for i, score := range find(w) {
			if score == nowhere || total[i] == nowhere {
				total[i] = nowhere
			} else {
				total[i] += score
			}
		}
	}
	found := make([]int, 0, x.rows)
	for i, s := range total {
		if s != nowhere {
			found = append(found, i)
		}
	}
	if len(words) > 0 {
		slices.SortStableFunc(found, func(a, b int) int { return total[b] - total[a] })
	}
	return found
}

// noScores finds no row.
func (x *index) noScores() []int {
	best := make([]int, x.rows)
	for i := range best {
		best[i] = nowhere
	}
	return best
}

// word scores each row for one word. What all ARNs begin with counts for a word that is an ARN itself only.
func (x *index) word(w string) []int {
	best := x.noScores()
	for i, key := range x.lower {
		name := len(key) - len(x.String(i)) // where the resource of an ARN begins
		from := 0
		if name > 0 && !strings.HasPrefix(w, "arn:") {
			from = strings.LastIndexByte(key[:name-1], ':') + 1 // its account
		}
		if at := strings.Index(key[from:], w); at >= 0 {
			at += from
			best[x.owner[i]] = max(best[x.owner[i]], -(len(key)-name-len(w))-max(at-name, name-at))
		}
	}
	return best
}

// letters scores each row for the letters of a word, in their order and near each other.
func (x *index) letters(w string) []int {
	best := x.noScores()
	for _, m := range fuzzy.FindFromNoSort(w, x) {
		if near(m) {
			best[x.owner[m.Index]] = max(best[x.owner[m.Index]], m.Score)
		}
	}
	return best
}

// near refuses letters that are strewn over a long ARN: such a row would be a surprise.
func near(m fuzzy.Match) bool {
	first, last := m.MatchedIndexes[0], m.MatchedIndexes[len(m.MatchedIndexes)-1]
	return last-first < 3*len(m.MatchedIndexes)+3
}
