package cmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// changeFlags are the flags of every command that changes something.
type changeFlags struct {
	dryRun  string
	wait    bool
	timeout time.Duration
	risks   []string
	yes     bool
	output  output
}

func (f *changeFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.dryRun, "dry-run", "none", "Must be none or client. With client, print what would change and send nothing")
	fs.Lookup("dry-run").NoOptDefVal = "client"
	fs.BoolVar(&f.wait, "wait", false, "Return when the change can be read back from EKS")
	fs.DurationVar(&f.timeout, "timeout", 2*time.Minute, "How long --wait waits")
	fs.StringSliceVar(&f.risks, "accept-risk", nil, "Go on in spite of the named risk: "+riskNames())
	f.output.bind(fs, "json", "yaml", "name", "jsonpath=")
}

// bindAsk is for the commands that change more than they name, or may have it picked.
func (f *changeFlags) bindAsk(fs *pflag.FlagSet) {
	fs.BoolVarP(&f.yes, "yes", "y", false, "Do not ask. What is dangerous needs --accept-risk all the same")
}

func riskNames() string {
	names := make([]string, len(access.RiskNames))
	for i, r := range access.RiskNames {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

func (f *changeFlags) check() error {
	if err := checkDryRun(f.dryRun); err != nil {
		return err
	}
	for _, name := range f.risks {
		if !slices.Contains(access.RiskNames, access.RiskName(name)) {
			return fmt.Errorf("unknown risk %q: the risks are %s", name, riskNames())
		}
	}
	return f.output.check()
}

func checkDryRun(value string) error {
	switch value {
	case "none", "client":
		return nil
	case "server":
		return fmt.Errorf("%w: EKS has no server-side dry run; use --dry-run=client", access.ErrRefused)
	}
	return fmt.Errorf("invalid dry-run value (%s): must be none or client", value)
}

// accepted are the risks that were accepted by name.
func (f *changeFlags) accepted() []access.RiskName {
	names := make([]access.RiskName, len(f.risks))
	for i, name := range f.risks {
		names[i] = access.RiskName(name)
	}
	return names
}
