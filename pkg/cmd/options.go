package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newOptionsCmd(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "options",
		Short: "List the flags that every command accepts",
		Example: `  # The flags that every command accepts
  kubectl access options

  # One of them
  kubectl access list --region us-west-2`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintf(env.IO.Out, "Every command accepts these flags:\n\n%s", flagsOf(env.IO.Out, cmd.Root().PersistentFlags()))
			return nil
		},
	}
}

// widestHelp is how wide the paragraphs of help texts become on a wide terminal.
const widestHelp = 105

// helpOn prints the help text of a command.
func (env *Env) helpOn(cmd *cobra.Command) {
	out := cmd.OutOrStdout()
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprint(out, paragraphs(about, printer.TerminalWidth(out))+"\n\n")
	cmd.SetErr(out) // usage prints there
	_ = env.usage(cmd)
}

// usage prints how a command is called. The flags of every command are named once, by options.
func (env *Env) usage(cmd *cobra.Command) error {
	out := cmd.OutOrStderr()
	var b strings.Builder
	section := func(title, text string) {
		if text != "" {
			b.WriteString(title + ":\n" + strings.TrimRight(text, "\n") + "\n\n")
		}
	}
	use := "  " + cmd.UseLine() + "\n"
	if cmd.HasAvailableSubCommands() {
		use += "  " + cmd.CommandPath() + " [command]\n"
	}
	section("Usage", use)
	if len(cmd.Aliases) > 0 {
		section("Aliases", "  "+cmd.NameAndAliases())
	}
	section("Examples", examples(cmd.Example, printer.TerminalWidth(out)))
	section("Available Commands", children(cmd, printer.TerminalWidth(out)))
	own := cmd.LocalNonPersistentFlags()
	if cmd.HasParent() {
		section("Flags", flagsOf(out, own))
	}
	program := cmd.Root().CommandPath()
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "Use \"%s [command] --help\" for more information about a command.\n", program)
	}
	fmt.Fprintf(&b, "Use \"%s options\" for the flags that every command accepts.\n", program)
	_, err := io.WriteString(out, b.String())
	return err
}

func children(cmd *cobra.Command, width int) string {
	var b strings.Builder
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			name := fmt.Sprintf("  %-*s  ", cmd.NamePadding(), c.Name())
			about := c.Short
			if width > 2*len(name) {
				about = strings.ReplaceAll(printer.Wrap(about, width-len(name)), "\n", "\n"+strings.Repeat(" ", len(name)))
			}
			b.WriteString(name + about + "\n")
		}
	}
	return b.String()
}

// examples breaks the comments; command lines stay whole.
func examples(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "  # ") {
			lines[i] = strings.ReplaceAll(printer.Wrap(line, width-2), "\n  ", "\n  # ")
		}
	}
	return strings.Join(lines, "\n")
}

// flagsOf lists flags, on a terminal as wide as it is. pflag would write [=true|false] behind each switch.
func flagsOf(out io.Writer, fs *pflag.FlagSet) string {
	fs.VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Value.(checked); (ok || f.Value.Type() == "stringToString") && f.DefValue == "[]" { // pflag does not know that it is empty
			f.DefValue = ""
		}
		if f.Value.Type() == "bool" {
			f.Value, f.NoOptDefVal = struct{ pflag.Value }{f.Value}, "true"
		}
	})
	return fs.FlagUsagesWrapped(printer.TerminalWidth(out))
}

// paragraphs joins the lines of each paragraph and breaks them to the width of the terminal; 0 leaves them.
func paragraphs(text string, width int) string {
	if width == 0 {
		return text
	}
	all := strings.Split(text, "\n\n")
	for i, p := range all {
		if !strings.Contains(p, "\n ") {
			p = strings.ReplaceAll(p, "\n", " ")
		}
		all[i] = printer.Wrap(p, min(width, widestHelp))
	}
	return strings.Join(all, "\n\n")
}
