package login

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// askMFA asks for a code on the terminal itself: kubectl may read stdout, and stdin may be a pipe.
func askMFA() (string, error) {
	terminal, err := openTerminal()
	if err != nil {
		return "", errors.New("the role requires an MFA code but there is no terminal to enter it: log in first, for example with `aws sts get-session-token`")
	}
	code, err := readMFA(terminal)
	return code, errors.Join(err, terminal.Close())
}

func openTerminal() (io.ReadWriteCloser, error) {
	if runtime.GOOS != "windows" {
		return os.OpenFile("/dev/tty", os.O_RDWR, 0)
	}
	in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return console{in}, nil
}

// console is the terminal of Windows, which needs another file for output.
type console struct{ *os.File }

func (console) Write(b []byte) (int, error) { return os.Stderr.Write(b) }

func readMFA(terminal io.ReadWriter) (string, error) {
	if _, err := fmt.Fprint(terminal, "MFA code: "); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(terminal).ReadString('\n')
	code := strings.TrimSpace(line)
	if code == "" {
		return "", errors.Join(errors.New("no MFA code entered"), err)
	}
	return code, nil
}
