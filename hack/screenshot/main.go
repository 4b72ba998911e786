// Command screenshot makes an SVG picture of a terminal's screen: it reads text with colours, as
// tmux capture-pane -e prints it, on stdin. With -screen it takes one screen of a file that
// pkg/tui keeps in testdata.
package main

import (
	"flag"
	"fmt"
	"html"
	"image/color"
	"io"
	"log"
	"os"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// The size of a cell in pixels, for a font of size 14.
const (
	cellWidth  = 8.43
	cellHeight = 18
	margin     = 14
)

// paper is the background of a screen.
type paper struct{ back, ink string }

var papers = map[string]paper{
	"dark":  {"#11171d", "#d7dee5"},
	"light": {"#ffffff", "#1f2933"},
}

func main() {
	theme := flag.String("theme", "dark", "dark or light")
	screen := flag.String("screen", "", "name of a screen in a file of pkg/tui/testdata")
	flag.Parse()
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.WriteString(os.Stdout, picture(cut(string(text), *screen), papers[*theme])); err != nil {
		log.Fatal(err)
	}
}

// cut finds a screen among several, which form feeds separate.
func cut(text, name string) string {
	if name != "" {
		_, text, _ = strings.Cut(text, "\f"+name+"\n")
		text, _, _ = strings.Cut(text, "\f")
	}
	return strings.TrimSuffix(text, "\n")
}

func picture(text string, p paper) string {
	lines := strings.Split(text, "\n")
	width := 0
	for _, l := range lines {
		width = max(width, ansi.StringWidth(l))
	}
	buffer := uv.NewScreenBuffer(width, len(lines))
	uv.NewStyledString(text).Draw(buffer, buffer.Bounds())
	w, h := float64(width)*cellWidth+2*margin, len(lines)*cellHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", p.back)
	fmt.Fprintf(&b, `<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" fill="%s" xml:space="preserve">`+"\n", p.ink)
	for y := range lines {
		row(&b, buffer, y, width)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// row draws the cells of a line, grouped by style.
func row(b *strings.Builder, buffer uv.ScreenBuffer, y, width int) {
	for x := 0; x < width; {
		first := buffer.CellAt(x, y)
		run, end := "", x
		for end < width {
			c := buffer.CellAt(end, y)
			if c == nil || c.Width == 0 && c.Content == "" {
				end++
				continue
			}
			if !c.Style.Equal(&first.Style) || wide(c.Content) && run != "" {
				break
			}
			run += c.Content
			end += max(c.Width, 1)
			if wide(c.Content) {
				break
			}
		}
		draw(b, first.Style, run, x, end, y)
		x = max(end, x+1)
	}
}

// wide characters are drawn alone, so that no font moves the following ones.
func wide(s string) bool { return ansi.StringWidth(s) != 1 || len(s) > 3 }

func draw(b *strings.Builder, s uv.Style, run string, from, to, y int) {
	left, top := margin+float64(from)*cellWidth, margin+y*cellHeight
	if s.Bg != nil {
		fmt.Fprintf(b, `<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"/>`+"\n", left, top, float64(to-from)*cellWidth, cellHeight, hex(s.Bg))
	}
	if strings.TrimSpace(run) == "" {
		return
	}
	style := ""
	if s.Fg != nil {
		style += fmt.Sprintf(` fill="%s"`, hex(s.Fg))
	}
	if s.Attrs&uv.AttrBold != 0 {
		style += ` font-weight="bold"`
	}
	length := ""
	if ansi.StringWidth(run) > 1 {
		length = fmt.Sprintf(` textLength="%.2f"`, float64(ansi.StringWidth(run))*cellWidth)
	}
	fmt.Fprintf(b, `<text x="%.2f" y="%d"%s%s>%s</text>`+"\n", left, top+13, length, style, strings.ReplaceAll(html.EscapeString(run), " ", "&#160;"))
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
