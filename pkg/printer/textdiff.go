package printer

import "strings"

// textLines are the lines of a text. A text that ends without a line break has another last line
// than one that ends with it, so that the difference shows.
func textLines(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	} else {
		lines[len(lines)-1] += "  (no line break)"
	}
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\n")
	}
	return lines
}

// most is how many lines are compared with how many: what is longer is shown as taken and added whole.
const most = 4 << 20

// textDiff is the shortest list of lines taken and added that leads from before to after.
func textDiff(before, after []string) []line {
	for len(before) > 0 && len(after) > 0 && before[0] == after[0] {
		before, after = before[1:], after[1:]
	}
	for len(before) > 0 && len(after) > 0 && before[len(before)-1] == after[len(after)-1] {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	same := common(before, after)
	var lines []line
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j] && same != nil:
			i, j = i+1, j+1
		case i < len(before) && (j == len(after) || same == nil || same[i+1][j] >= same[i][j+1]):
			lines = append(lines, line{'-', before[i]})
			i++
		default:
			lines = append(lines, line{'+', after[j]})
			j++
		}
	}
	return lines
}

// common counts, for every pair of places, the lines that the rests have in common.
func common(a, b []string) [][]int {
	if len(a)*len(b) > most {
		return nil
	}
	count := make([][]int, len(a)+1)
	for i := range count {
		count[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if count[i][j] = max(count[i+1][j], count[i][j+1]); a[i] == b[j] {
				count[i][j] = count[i+1][j+1] + 1
			}
		}
	}
	return count
}
