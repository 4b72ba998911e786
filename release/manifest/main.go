// Command manifest prints the krew manifest of a release, for kubectl krew install --manifest-url:
//
//	go run ./release/manifest v1.2.3 dist/checksums.txt >access.yaml
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/kubectl-access/kubectl-access/release"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manifest:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: manifest TAG CHECKSUMS")
	}
	text, err := os.ReadFile(".krew.yaml")
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	rendered, err := release.Render(string(text), args[0], release.Lookup(release.Sums(string(sums))))
	if err != nil {
		return err
	}
	_, err = fmt.Print(rendered)
	return err
}
