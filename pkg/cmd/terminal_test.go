package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// realTerminal is one, in tmux, with the program in it.
type realTerminal struct {
	*testing.T
	socket string
}

// inTerminal runs a shell command in a terminal of its own, against a sandbox of its own.
func inTerminal(t *testing.T, o sandbox.Options, size, command string, env ...string) *realTerminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("there is no tmux")
	}
	sandboxtest.Start(t, o)
	t.Setenv("LC_ALL", "C.UTF-8")
	for _, kv := range env {
		k, v, _ := strings.Cut(kv, "=")
		t.Setenv(k, v)
	}
	dir, err := os.MkdirTemp("", "tmux") //nolint:usetesting // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	x := &realTerminal{T: t, socket: filepath.Join(dir, "s")}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", x.socket, "kill-server").Run(); _ = os.RemoveAll(dir) })
	width, height, _ := strings.Cut(size, "x")
	x.tmux("-f", os.DevNull, "new-session", "-d", "-x", width, "-y", height, "sh -i")
	x.types("PS1='rea''dy> '").keys("Enter").waits("ready>")
	x.types(command).keys("Enter")
	return x
}

func (x *realTerminal) tmux(args ...string) string {
	x.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// keys presses keys, by the names that tmux has for them.
func (x *realTerminal) keys(names ...string) *realTerminal {
	x.Helper()
	x.tmux(append([]string{"send-keys"}, names...)...)
	return x
}

func (x *realTerminal) types(text string) *realTerminal {
	x.Helper()
	x.tmux("send-keys", "-l", text)
	return x
}

// waits until the screen shows all the texts.
func (x *realTerminal) waits(texts ...string) *realTerminal {
	x.Helper()
	x.until(fmt.Sprintf("the screen shows %q", texts), func() (string, bool) {
		screen := x.tmux("capture-pane", "-p")
		unwrapped := strings.Join(strings.Fields(screen), " ") // a sentence may go on in the next line
		for _, text := range texts {
			if !strings.Contains(screen, text) && !strings.Contains(unwrapped, text) {
				return screen, false
			}
		}
		return screen, true
	})
	return x
}

// looks are how often the screen is read before something is given up. Each look starts a process, so that a busy
// machine, which slows the program down, slows the looks down too.
const looks = 1500

func (x *realTerminal) until(what string, isSo func() (string, bool)) {
	x.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var seen string
	for range looks {
		var ok bool
		if seen, ok = isSo(); ok {
			return
		}
		<-tick.C
	}
	x.Fatalf("it never came that %s:\n%s", what, seen)
}

const ui = "kubectl-access; echo exit $?"

func TestTerminalBrowse(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "80x24", ui)
	x.waits("demo", "us-west-2", "111122223333", "you: role/platform-admin", "user/alice")
	x.types("/").types("~teamdev").waits("2 of 22").keys("Enter").waits("d revoke").keys("Enter").waits("Grants:", "view in namespace dev")
	x.tmux("resize-window", "-x", "60", "-y", "15")
	x.waits("more").keys("Escape").waits("1 Access").types("?").waits("refresh").keys("Escape").waits("1 Access")
	x.types("q").waits("exit 0")
}

func TestTerminalGrantTwoPoliciesInThreeNamespaces(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "100x30", ui)
	x.waits("user/alice").types("a").waits("[roles").types("newc").waits("role/newcomer").keys("Enter").waits("· policies", "sagemaker")
	x.types("edit").waits("/ edit").keys("Space").waits("[x] edit").types("secret-r").waits("/ secret-r").keys("Space").waits("[x] secret-reader").keys("Enter")
	x.waits("the whole cluster", "staging").types("prod").keys("Space").waits("[x] prod").types("dev").keys("Space").waits("[x] dev").types("qa-*").keys("Space").waits("[x] qa-*").keys("Enter")
	x.waits("expires in").keys("Enter")
	x.waits("edit in namespace qa-*", "secret-reader in namespace prod", "[ No ]").types("y")
	x.waits("✓ accessentry/role/newcomer created", "Done.", "kubectl access grant role/newcomer --policy edit,secret-reader")
	x.keys("Enter").waits("1 Access").types("q").waits("exit 0")
	if out, code := run("list", "role/newcomer"); code != 0 || !strings.Contains(out, "edit:dev,prod,qa-*; secret-reader:dev,prod,qa-*") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestTerminalTellsOfAnExpiry that the new access shares, and refuses one where access is permanent.
func TestTerminalTellsOfAnExpiry(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "120x30", "kubectl-access grant role/newcomer --policy view -n dev --for 8h && "+ui)
	x.waits("user/alice").types("a").waits("[roles").types("newc").waits("role/newcomer").keys("Enter").waits("· policies", "sagemaker").types("edit").waits("/ edit").keys("Enter")
	x.waits("the whole cluster", "staging").keys("Down", "Enter").waits("expires in").keys("Enter").waits("! role/newcomer expires at 20", "and the new access with it", "[ No ]").keys("C-c").waits("exit 0")
	x.types("clear; " + ui).keys("Enter").waits("user/alice")
	x.types("a").waits("[roles").types("team/dev").waits("/ team/dev").keys("Enter").waits("· policies", "sagemaker").types("edit").waits("/ edit").keys("Enter")
	x.waits("the whole cluster", "staging").keys("Down", "Enter").waits("expires in").keys("Tab", "Tab").types("8h").waits("8h").keys("Enter").waits("role/team/dev has permanent access, and an expiry (--for) would apply to all of it").keys("C-c").waits("exit 0")
}

func TestTerminalRevokesOneNamespace(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "80x24", ui)
	x.waits("user/alice").types("/").types("deployer").waits(" of ", "/ deployer").keys("Enter").waits("d revoke").types("d").waits("edit in namespace prod", "the whole entry")
	x.keys("Down", "Down", "Enter").waits("-     edit in namespace prod", "[ No ]").types("y").waits("narrowed to edit in namespace staging", "Done.")
	x.keys("C-c").waits("exit 0")
}

// TestTerminalShowsAPlanThatChangedAgain: another program changes the entry while its plan waits for a yes.
func TestTerminalShowsAPlanThatChangedAgain(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "80x24", ui)
	x.waits("user/alice").types("/").types("deployer").waits(" of ", "/ deployer").keys("Enter").waits("d revoke").types("d").waits("the whole entry").keys("End", "Enter").waits("the whole entry)", "[ No ]")
	if out, code := run("grant", "role/ci/deployer", "--group", "late"); code != 0 {
		t.Fatal(out)
	}
	x.types("y").waits("select Yes with →").keys("Right").waits("[ Yes ]").keys("Enter").waits("the cluster has changed in the meantime; review the changes again", "group late", "[ No ]")
	x.keys("Right").waits("[ Yes ]").keys("Enter").waits("deleted", "Done.").keys("Enter").waits("1 Access").types("q").waits("exit 0")
}

func TestTerminalRefusesLockout(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "80x24", ui)
	x.waits("user/alice").types("/").types("platform").waits("2 of").keys("Enter").waits("d revoke").types("d").waits("all access").keys("End", "Enter")
	x.waits("risk lose-own-access", "\naccept").types("yes").keys("Enter").waits("type the name of the risk").keys("C-c").waits("exit 0")
	if out, _ := run("list", "role/platform-admin"); !strings.Contains(out, "cluster-admin") {
		t.Error(out)
	}
}

func TestTerminalSwitchesCluster(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "100x24", ui)
	x.waits("user/alice").types("c").waits("[3 Clusters", "demo (this one)", "15 3 ACTIVE", "prod us-west-2 111122223333 API 7 2 ACTIVE").types("/").types("prod").waits("/ prod").keys("Enter", "Enter").waits("sso/Read_Only", "API")
	x.types(":").waits("Go to").types("legacy").waits(": legacy").keys("Enter").waits("CONFIG_MAP", "aws-auth", "is in mode CONFIG_MAP").types("a").waits("does not read entries").types("q").waits("exit 0")
}

// TestTerminalUndoesAndRemembers what was done, and migrates with the command in the foreground.
func TestTerminalUndoesAndRemembers(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "100x30", ui)
	x.waits("user/alice").types("/").types("alice").waits("/ alice", "1 of 22").keys("Enter").waits("d revoke").types("d").waits("group viewers").keys("Down", "Enter").waits("-     group viewers", "[ No ]").types("y").waits("set to groups none", "Done.")
	x.types("u").waits("+     group viewers", "kubectl access undo 20", "[ No ]").types("y").waits("set to groups viewers", "Done.").keys("Enter").waits("› user/alice")
	x.types("4").waits("[4 Changes · 2]", "undone", "revoke user/alice --group viewers").keys("Enter").waits("State:    done", "Steps:").types("5").waits("Access:     yes, through the access entry of role/platform-admin")
	x.types("L").waits("kubectl access revoke user/alice --group viewers", "kubectl access undo 20").keys("Escape").waits("[5 Me]")
	x.types("m").waits("migrate --remove-mappings").keys("Enter").waits("+ role/ops", "Do this?").keys("Enter").waits("Cancelled. No changes made.", "Press Enter to return to the screen.").keys("Enter").waits("[1 Access", "user/alice")
	x.types("m").waits("migrate --remove-mappings").keys("Enter").waits("Do this?").keys("C-c").waits("Press Enter").keys("Enter").waits("[1 Access", "user/alice").types("q").waits("exit 0")
}

func TestTerminalPickersAskForWhatIsMissing(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "90x24", "kubectl-access grant; echo exit $?")
	x.waits("demo  us-west-2  111122223333", "role/auditor", "has edit in namespaces prod, staging").types("newc").waits("/ newc").keys("Enter").waits("· policies", "sagemaker").types("view").waits("/ view").keys("Enter")
	x.waits("staging").types("apps-*").waits("/ apps-*").keys("Enter").waits("+ role/newcomer", "Do this? [y/N]").types("y").keys("Enter").waits("granted view in namespace apps-*", "exit 0")
	x.types("clear; kubectl-access revoke role/newcomer -n apps-* ; echo exit $?").keys("Enter").waits("exit 0")
	x.types("clear; kubectl-access grant role/newcomer --policy edit > /dev/null; echo exit $?").keys("Enter").waits("Grant · role/newcomer edit · scope", "staging").keys("Escape").waits("Cancelled. No changes made.", "exit 2")
	x.types("clear; kubectl-access grant | cat; kubectl-access grant </dev/null; echo exit $?").keys("Enter").waits("role/auditor").keys("C-c").waits("specify at least one principal", "exit 1")
}

func TestTerminalPicksWhomToDescribe(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "90x24", "kubectl-access describe; echo exit $?")
	x.waits("demo  us-west-2  111122223333", "Describe · select a principal", "user/alice").types("alice").waits("/ alice").keys("Enter").waits("Principal:", "user/alice", "viewers", "exit 0")
	x.types("clear; kubectl-access describe </dev/null; echo exit $?").keys("Enter").waits("specify at least one principal", "exit 1")
}

// TestTerminalAsksBeforeItDoesWhatWasPicked: Enter alone sends nothing, and what is asked about names the command line.
func TestTerminalAsksBeforeItDoesWhatWasPicked(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "130x24", "kubectl-access revoke; echo exit $?")
	x.waits("demo  us-west-2  111122223333", "user/alice").types("alice").waits("/ alice").keys("Enter").waits("group viewers").keys("Down", "Enter")
	x.waits("cluster demo (us-west-2, account 111122223333)", "-     group viewers", "kubectl access revoke user/alice --group viewers", "Do this? [y/N]").keys("Enter").waits("Cancelled. No changes made.", "exit 2")
	x.types("clear; kubectl-access revoke --yes; echo exit $?").keys("Enter").waits("Revoke · select a principal", "user/alice").types("alice").waits("/ alice").keys("Enter").waits("group viewers").keys("Down", "Enter").waits("set to groups none", "exit 0")
	x.types("clear; kubectl-access undo --list; echo exit $?").keys("Enter").waits("1 entry   revoke user/alice --group viewers", "exit 0")
}

// TestTerminalQuestionLocksNobodyOut: another change goes on while one waits for its answer.
func TestTerminalQuestionLocksNobodyOut(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "90x24", "kubectl-access grant user/alice --group g && kubectl-access undo; echo exit $?")
	x.waits("Do this? [y/N]")
	if out, code := run("grant", "user/alice", "--group", "h"); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	x.types("y").keys("Enter").waits("the cluster has changed").types("y").keys("Enter").waits("set to groups h, viewers", "exit 0")
}

// TestTerminalAsksOnceForSeveralClusters: one answer is for all of them, a risk is accepted in each, and any other word stops all.
func TestTerminalAsksOnceForSeveralClusters(t *testing.T) {
	const grant = "kubectl-access grant role/newcomer --policy view -n dev --contexts demo --contexts prod; echo exit $?"
	x := inTerminal(t, sandbox.Options{}, "120x45", grant)
	x.waits("== demo", "cluster prod (us-west-2, account 111122223333)", "Do this? [y/N]").types("demo").keys("Enter").waits("Cancelled. No changes made.", "exit 2")
	x.types("clear; "+grant).keys("Enter").waits("== prod", "Do this? [y/N]").types("y").keys("Enter").waits("== prod (arn:aws:eks", "To undo: kubectl access undo all-", "exit 0")
	if screen := x.tmux("capture-pane", "-p"); strings.Count(screen, "Do this?") != 1 || strings.Count(screen, "role/newcomer granted view in namespace dev") != 2 {
		t.Error(screen)
	}
	const revoke = "clear; kubectl-access revoke role/platform-admin --contexts staging --contexts demo; echo exit $?"
	x.types(revoke).keys("Enter").waits("In demo:", "Type lose-own-access to continue").types("lose-own-access").keys("Enter").waits("In staging:", "Type lose-own-access to continue").keys("Enter").waits("Cancelled. No changes made.", "exit 2")
	if out, _ := run("list", "role/platform-admin", "--contexts", "demo", "--contexts", "staging"); strings.Count(out, "cluster-admin") != 2 {
		t.Error(out)
	}
}

// TestTerminalShowsTheHistoryOfSeveralClusters in its width: nothing of a change is cut off.
func TestTerminalShowsTheHistoryOfSeveralClusters(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "90x40", "kubectl-access history --contexts demo --contexts prod --since 7d; echo exit $?")
	x.waits("role/team/dev  groups: developers", "\n    alice@example.com (sso AdministratorAccess); AWS CLI; active", " by bob@example.com", "exit 0")
	x.types("clear; kubectl-access history role/team/dev --contexts demo --contexts staging; echo exit $?").keys("Enter")
	x.waits("== demo", "== staging", "view in namespace dev (before: not known)", "changed 2", "exit 0")
}

func TestTerminalChecksWhatWasTypedBeforeItAsks(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "90x24", "kubectl-access grant role/idl --policy view; echo exit $?")
	x.waits("error: role/idl", "exit 1")
	x.types("clear; kubectl-access grant role/newcomer --policy veiw; echo exit $?").keys("Enter").waits("no such access policy", "veiw", "exit 1")
	x.types("clear; kubectl-access grant role/newcomer --policy view --policy edit:dev; echo exit $?").keys("Enter").waits("Grant · role/newcomer view · scope").keys("Down", "Enter").waits("kubectl access grant role/newcomer --all-namespaces --policy view --policy edit:dev", "Do this?").keys("Enter").waits("exit 2")
	x.types("clear; kubectl-access grant role/idl role/newcomer --policy view; echo exit $?").keys("Enter").waits("Grant · role/newcomer view · scope").keys("Down", "Enter").waits("error: role/idl", "Do this?").types("y").keys("Enter").waits("role/newcomer created", "exit 1")
}

func TestTerminalThatIsDumbHasNoScreens(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "90x60", "export TERM=dumb; kubectl-access; kubectl-access grant; echo exit $?") // tmux sets its own
	x.waits("needs a terminal", "kubectl access list", "specify at least one principal", "exit 1")
}

func TestTerminalShellOfTheSandboxSaysWhereItIs(t *testing.T) {
	for _, shell := range []string{"bash", "sh"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Log("there is no " + shell)
			continue
		}
		home := t.TempDir()
		if err := os.WriteFile(filepath.Join(home, ".bashrc"), []byte("PS1='mine> '\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		x := inTerminal(t, sandbox.Options{}, "120x24", "kubectl-access sandbox; echo exit $?", "SHELL="+path, "HOME="+home)
		x.waits("exit or Ctrl-D", "no pods", map[string]string{"bash": "(sandbox) mine>", "sh": "(sandbox) $"}[shell])
		x.types("echo it is $KUBECTL_ACCESS_SANDBOX").keys("Enter").waits("it is 1").types("exit").keys("Enter").waits("exit 0")
	}
}

func TestTerminalSuspendsAndComesBack(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "80x24", "kubectl-access")
	x.waits("user/alice").keys("C-z").waits("topped").types("fg").keys("Enter").waits("user/alice").types("q").waits("ready>")
}

func TestTerminalLostEndsTheProgram(t *testing.T) {
	for _, trap := range []string{":", "''"} { // a shell that survives the hangup, and one that keeps it from the program
		gone := filepath.Join(t.TempDir(), "gone")
		x := inTerminal(t, sandbox.Options{}, "80x24", "trap "+trap+` HUP; sh -c "trap `+trap+` HUP; kubectl-access; echo gone > `+gone+`"`)
		x.waits("user/alice").tmux("kill-server")
		x.until("the program ended", func() (string, bool) { return "", exec.Command("test", "-e", gone).Run() == nil })
	}
}

var colored = regexp.MustCompile(`\x1b\[([0-9]+;)*(3[0-8]|9[0-7])[;m]`)

func TestTerminalWithoutColor(t *testing.T) {
	for env, colors := range map[string]bool{"NO_COLOR=1": false, "COLORTERM=truecolor": true} {
		t.Run(env, func(t *testing.T) {
			x := inTerminal(t, sandbox.Options{}, "80x24", ui, env)
			x.waits("user/alice", "d revoke")
			if got := colored.MatchString(x.tmux("capture-pane", "-p", "-e")); got != colors {
				t.Errorf("colours %v", got)
			}
			x.types("q").waits("exit 0")
		})
	}
}

func TestTerminalShowsErrorsAndStaysUsable(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "80x24", "AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 kubectl-access; echo exit $?")
	x.waits("✗", "could not be read").types("?").waits("━ Help").keys("Escape").waits("1 Access").types("q").waits("exit 0")
	x.types("clear; AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= AWS_SESSION_TOKEN= AWS_PROFILE=expired kubectl-access; echo exit $?").keys("Enter")
	x.waits("✗", "log in again").types("q").waits("exit 0")
}

// TestTerminalStaysSmall holds the budget of 60 MiB with a thousand entries and principals.
func TestTerminalStaysSmall(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil || raced {
		t.Skip("the size of the process says nothing here")
	}
	pid := filepath.Join(t.TempDir(), "pid")
	x := inTerminal(t, sandbox.Options{Entries: 1000}, "120x40", "sh -c 'echo $$ > "+pid+"; exec kubectl-access'")
	x.waits("1 Access · 1007]").types("a").waits("[roles").types("service").waits("/ service").keys("Escape").waits("type a name")
	number, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/" + strings.TrimSpace(string(number)) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	var peak int
	for line := range strings.Lines(string(status)) {
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &peak)
	}
	if peak == 0 || peak > 60<<10 {
		t.Errorf("%d KiB", peak)
	}
	x.keys("C-c")
}

// TestTerminalKeepsAnswersOfAMigrationThatIsInterrupted at a question or at the last one, or by the end of the input.
func TestTerminalKeepsAnswersOfAMigrationThatIsInterrupted(t *testing.T) {
	const migrate = "kubectl-access migrate --context arn:aws:eks:us-west-2:111122223333:cluster/legacy --accept-risk=one-way-mode"
	for name, end := range map[string]func(*realTerminal){
		"interrupted": func(x *realTerminal) { x.keys("C-c") },
		"ended":       func(x *realTerminal) { x.keys("C-d") },
		"at the last": func(x *realTerminal) { x.keys("Enter").waits("Do this?").keys("C-c") },
	} {
		t.Run(name, func(t *testing.T) {
			x := inTerminal(t, sandbox.Options{}, "160x60", migrate)
			x.waits("Choose [entry]").types("2").keys("Enter").waits("Choose [leave]")
			end(x)
			x.waits("Your answers are kept for the next run:", "Cancelled. No changes made.")
			x.types("clear; " + migrate).keys("Enter").waits("Using your answers of the interrupted run")
		})
	}
}

// TestTerminalInPlainLines has no screen, no spinner and no escape sequences.
func TestTerminalInPlainLines(t *testing.T) {
	x := inTerminal(t, sandbox.Options{}, "80x60", "kubectl-access; echo exit $?", "ACCESSIBLE=1")
	x.waits("Access · 22", "Type a number to select").types("/alice").keys("Enter").waits("1) user/alice, view (group viewers), ok").types("1 d").keys("Enter").waits("1) group viewers")
	x.types("1").keys("Enter").waits("-     group viewers", "yes to apply the changes").types("yes").keys("Enter").waits("set to groups none", "Done.").types("z").keys("Enter").waits("\"z\" does nothing here")
	x.types("back").keys("Enter").waits("user/alice, <none>, no effect").types("clusters").keys("Enter").waits("demo (this one), its ARN, us-west-2, 111122223333, API_AND_CONFIG_MAP, entries 15, administrators 3, ACTIVE").types("q").keys("Enter").waits("exit 0")
	x.types("clear; kubectl-access describe; echo exit $?").keys("Enter").waits("Describe · select a principal").types("alice").keys("Enter").waits("Principal:", "exit 0")
	x.types("clear; kubectl-access; echo exit $?").keys("Enter").waits("Access · 22", "Type a number").keys("C-c").waits("exit 2")
}
