package access

import "sort"

// Sort is slices.SortStableFunc in one copy. That one is compiled again for each type, which takes 20 kB of the program for a
// struct.
func Sort[T any](all []T, compare func(a, b T) int) {
	sort.SliceStable(all, func(i, j int) bool { return compare(all[i], all[j]) < 0 })
}
