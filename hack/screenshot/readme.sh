#!/usr/bin/env bash
# Makes docs/screen.svg, the picture of the README, from a real run in the sandbox. Needs Go and tmux.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
pane() { tmux -S "$dir/socket" "$@"; }
trap 'pane kill-server 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/kubectl-access" ./cmd/kubectl-access

seen() { # waits until the screen shows a text
  for _ in $(seq 200); do
    pane capture-pane -p | grep -qF -- "$1" && return
    read -r -t 0.05 <> <(:) || true
  done
  echo "the screen never showed: $1" >&2
  exit 1
}

export LC_ALL=C.UTF-8
pane -f /dev/null start-server \; set -g default-terminal tmux-256color \; \
  new-session -d -x 120 -y 32 "env -u TMUX TERM=xterm-256color COLORTERM=truecolor $dir/kubectl-access sandbox -- kubectl-access"
seen "user/alice"
seen "never matches"
pane send-keys Down
seen "› sso/Developer"
pane capture-pane -p -e | go run ./hack/screenshot > docs/screen.svg
