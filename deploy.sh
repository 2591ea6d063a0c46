#!/usr/bin/env bash
# One script for every way to run Cyberpunk AI on one machine. `./deploy.sh help` lists the commands.
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE # compiled modules halve every start

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
VENV="$ROOT/.venv"
export CYBERPUNK_HOME="${CYBERPUNK_HOME:-$ROOT/.cyberpunk}"
RUN="$CYBERPUNK_HOME/processes"
LOGS="$CYBERPUNK_HOME/logs"
HOST="${CYBERPUNK_HOST:-127.0.0.1}"
API_PORT="${CYBERPUNK_API_PORT:-8000}"
VOILA_PORT="${CYBERPUNK_VOILA_PORT:-8866}"
JUPYTER_PORT="${CYBERPUNK_JUPYTER_PORT:-8888}"

say() { printf '\033[36m%s\033[0m\n' "$*"; }
fail() { printf '\033[31m%s\033[0m\n' "$*" >&2; exit 1; }

usage() {
  cat <<EOF
./deploy.sh demo      install, load the demo company, start everything, print the addresses; Ctrl-C stops it
./deploy.sh dev       the same, with the API reloading when code changes
./deploy.sh test      what CI runs on every push: style, types, floors, the quick tests; 8 minutes on 2 cores
./deploy.sh test --full   every test: accuracy, leaks, pictures, random crash points; 40 minutes
./deploy.sh install   only make .venv and install what running needs (requirements.lock); install test adds what tests need
./deploy.sh lock      resolve pyproject.toml anew into requirements.lock and requirements-test.lock
./deploy.sh status    what is running, and where
./deploy.sh stop      stop what is running
Options of demo and dev: --size tiny|small|medium|large, --rate EVENTS_PER_SECOND, --no-stream
EOF
}

# --- installing -------------------------------------------------------------------------------------------------------------------------

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      command -v "$candidate"; return
    fi
  done
  fail "Python 3.11 or newer is needed. On Debian or Ubuntu: apt install python3 python3-venv"
}

hand_over_pip_configuration() { # uv reads no pip.conf
  local links index certificate
  links="$("$VENV/bin/pip" config get global.find-links 2>/dev/null || true)"
  index="$("$VENV/bin/pip" config get global.index-url 2>/dev/null || true)"
  certificate="$("$VENV/bin/pip" config get global.cert 2>/dev/null || true)"
  [ -z "$links" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-${links// /,}}"
  [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
  [ -z "$certificate" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificate}"
}

# What running needs is in requirements.lock, what tests need beyond that in requirements-test.lock.
install() { # run | test [uncompiled]
  local what="$1" stamp="$VENV/.installed-$1" wanted lock
  local -a locks=("$ROOT/requirements.lock")
  [ "$what" = run ] || locks+=("$ROOT/requirements-test.lock")
  wanted="$(cat "${locks[@]}" "$ROOT/pyproject.toml" | cksum)"
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
  local python; python="$(find_python)"
  say "Installing into .venv (once, a few minutes) ..."
  [ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV" || fail "python -m venv failed. On Debian or Ubuntu: apt install python3-venv"
  # pip first: it knows this machine's mirrors and certificates; uv, many times faster, is told them.
  "$VENV/bin/pip" install -qq --disable-pip-version-check "$(grep '^uv==' "$ROOT/requirements.lock")"
  hand_over_pip_configuration
  local -a wished=()
  for lock in "${locks[@]}"; do wished+=(-r "$lock"); done
  "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" "${wished[@]}"
  "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --no-deps --editable "$ROOT"
  [ "${2:-}" = uncompiled ] || compile_modules
  printf '%s' "$wanted" > "$stamp"
}

compile_modules() { "$VENV/bin/python" -m compileall -q -j 0 -x "/tests?/" "$VENV/lib" >/dev/null 2>&1 || true; }

lock() {
  install run
  hand_over_pip_configuration
  local every="$ROOT/.every.lock"
  local -a resolve=("$VENV/bin/uv" pip compile --quiet --no-header --no-annotate --python-version 3.11)
  # A local build tag such as +cpu names where a wheel came from; the version is what is locked.
  { echo "# Exact versions of what running needs, for Linux and Python 3.11. Written by ./deploy.sh lock from pyproject.toml; do not edit."
    "${resolve[@]}" --extra all --extra install "$ROOT/pyproject.toml" | sed 's/+cpu$//'
  } > "$ROOT/requirements.lock.new"
  "${resolve[@]}" --extra all --extra install --extra dev --constraint "$ROOT/requirements.lock.new" "$ROOT/pyproject.toml" | sed 's/+cpu$//' > "$every"
  { echo "# What tests need beyond requirements.lock. Written by ./deploy.sh lock from pyproject.toml; do not edit."
    grep -vxFf "$ROOT/requirements.lock.new" "$every"
  } > "$ROOT/requirements-test.lock"
  mv "$ROOT/requirements.lock.new" "$ROOT/requirements.lock"
  rm -f "$every"
}

find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }

ensure_chromium() {
  [ -n "$(find_chromium)" ] && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing Chromium for the browser tests ..."
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core; } >/dev/null ||
      say "Chromium could not be installed; browser tests will be skipped"
  else
    say "Chromium is missing, so browser tests will be skipped. To run them: sudo apt install chromium"
  fi
}

# --- running ----------------------------------------------------------------------------------------------------------------------------

alive() { # a pid left by a machine that has restarted may be a stranger's by now
  local pid
  [ -f "$RUN/$1.pid" ] && pid="$(cat "$RUN/$1.pid")" && kill -0 "$pid" 2>/dev/null &&
    { [ ! -r "/proc/$pid/cmdline" ] || grep -qaF "$VENV" "/proc/$pid/cmdline"; }
}

start() { # name command...
  local name="$1"; shift
  alive "$name" && return
  mkdir -p "$RUN" "$LOGS"
  # A process group of its own, so that kernels and reloaders end with their parent.
  setsid "$@" >>"$LOGS/$name.log" 2>&1 </dev/null &
  echo $! > "$RUN/$name.pid"
}

stop_one() {
  local name="$1" pid waited=0
  [ -f "$RUN/$name.pid" ] || return 0
  pid="$(cat "$RUN/$name.pid")"
  if alive "$name"; then
    rm -f "$RUN/$name.pid" # first: the terminal that runs it tells by this that it was stopped and did not fail
    kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && [ "$waited" -lt 50 ]; do sleep 0.2; waited=$((waited + 1)); done
    kill -0 "$pid" 2>/dev/null && { kill -KILL -- "-$pid" 2>/dev/null || true; }
  fi
  rm -f "$RUN/$name.pid"
}

# Who knows the token has a shell on this machine, so it is drawn once per home folder. It travels in the environment: arguments are public.
jupyter_token() {
  local kept="$CYBERPUNK_HOME/jupyter-token"
  [ -z "${JUPYTER_TOKEN:-}" ] || { printf '%s' "$JUPYTER_TOKEN"; return; }
  [ -s "$kept" ] || (umask 077; "$VENV/bin/python" -c 'import secrets; print(secrets.token_hex(24))' > "$kept")
  cat "$kept"
}

stop_all() { local name; for name in stream jupyter voila api; do stop_one "$name"; done; }

# A stranger's server on the port would be taken for ours, and shown the notebooks' token.
must_be_free() { # port setting
  "$VENV/bin/python" - "$HOST" "$1" <<'PY' || fail "Port $1 is in use by another program. Stop that, or set $2 to a free port."
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, port))
    except OSError:
        sys.exit(1)
PY
}

wait_for() { # name url
  local tries=0
  until "$VENV/bin/python" - "$2" <<'PY' 2>/dev/null
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=2)
PY
  do
    alive "$1" || { tail -n 20 "$LOGS/$1.log" >&2; fail "$1 did not start; its log is $LOGS/$1.log"; }
    tries=$((tries + 1)); [ "$tries" -lt 120 ] || fail "$1 does not answer at $2; its log is $LOGS/$1.log"
    sleep 0.5
  done
}

up() { # reload size rate
  local reload="$1" size="$2" rate="$3"
  install run
  umask 077 # what is kept belongs to whoever runs this; other users of the machine have no business in it
  mkdir -p "$CYBERPUNK_HOME"
  alive api && { status; fail "Already running. ./deploy.sh stop ends it."; }
  trap 'echo; say "Stopping ..."; stop_all; exit 0' INT TERM
  trap 'stop_all' EXIT
  if [ ! -f "$CYBERPUNK_HOME/demo-$size.loaded" ]; then
    say "Loading the demo company ($size) ..."
    "$VENV/bin/cyberpunk" demo --size "$size"
    touch "$CYBERPUNK_HOME/demo-$size.loaded"
  fi
  cd "$ROOT"
  local -a flags=(--host "$HOST" --port "$API_PORT" --log-level warning --no-access-log)
  [ "$reload" = no ] || flags+=(--reload --reload-dir api --reload-dir apps --reload-dir lib)
  must_be_free "$API_PORT" CYBERPUNK_API_PORT
  start api "$VENV/bin/python" -m uvicorn api.main:app "${flags[@]}"
  wait_for api "http://$HOST:$API_PORT/live"
  [ "$rate" = 0 ] || start stream "$VENV/bin/cyberpunk" stream demo --rate "$rate"
  must_be_free "$VOILA_PORT" CYBERPUNK_VOILA_PORT
  must_be_free "$JUPYTER_PORT" CYBERPUNK_JUPYTER_PORT
  start voila "$VENV/bin/python" -m apps.voila --host "$HOST" --port "$VOILA_PORT"
  JUPYTER_TOKEN="$(jupyter_token)"
  export JUPYTER_TOKEN
  start jupyter "$VENV/bin/python" -m jupyterlab --no-browser --ip "$HOST" --port "$JUPYTER_PORT" --ServerApp.root_dir="$ROOT/notebooks" \
    --ServerApp.port_retries=0 --allow-root --LabApp.news_url= --ServerApp.allow_origin=""
  status
  say "Ctrl-C stops everything. Logs: $LOGS"
  wait "$(cat "$RUN/api.pid")" || {
    # ./deploy.sh stop in another terminal takes the pid file away; that is no fault.
    [ ! -f "$RUN/api.pid" ] || fail "The API ended; its log is $LOGS/api.log"
  }
}

status() {
  local name
  for name in api voila jupyter stream; do
    if alive "$name"; then printf '  %-8s running (pid %s)\n' "$name" "$(cat "$RUN/$name.pid")"; else printf '  %-8s stopped\n' "$name"; fi
  done
  alive api || return 0
  # Output that goes into a file or a pipe is kept and read by others, so the token is shown on a terminal only.
  local token="   (the token is in $CYBERPUNK_HOME/jupyter-token)"
  [ ! -t 1 ] || token="?token=$(jupyter_token)"
  cat <<EOF

  Cockpit     http://$HOST:$API_PORT/cockpit
  API         http://$HOST:$API_PORT/docs
  Voila page  http://$HOST:$VOILA_PORT/
  Notebooks   http://$HOST:$JUPYTER_PORT/lab/tree/start_here.ipynb$token

  In another terminal:  source .venv/bin/activate; export CYBERPUNK_HOME="$CYBERPUNK_HOME"

EOF
}

# --- testing ----------------------------------------------------------------------------------------------------------------------------

run_tests() { # pytest's options; --full runs the full tier
  # Side by side: fetching a browser with installing, and compiling, which has cores to spare, with what has only one to use.
  local browser compiling typing types failed=0
  ensure_chromium & browser=$!
  install test uncompiled
  compile_modules & compiling=$!
  cd "$ROOT"
  export PATH="$VENV/bin:$PATH" OMP_NUM_THREADS=1 JUPYTER_PLATFORM_DIRS=1
  say "Style"
  ruff check . # on lines of their own: `set -e` overlooks what fails before an &&
  ruff format --check .
  say "Types (beside the tests)"
  types="$(mktemp)"
  mypy > "$types" 2>&1 & typing=$!
  say "Floors"; lint-imports --no-cache
  wait "$browser" "$compiling"
  say "Tests"
  # Groups stay together (tests/conftest.py), so that each server is started once a worker, the longest first. Tests wait for servers and
  # browsers a third of their time, which one worker more than cores uses.
  pytest -n "${TEST_WORKERS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}" --dist loadscope --no-loadscope-reorder --durations=40 "$@" || failed=$?
  case " $* " in
    *" --full ") # alone, and shown without a verdict on the tests: how soon a server answers depends on the machine
      say "Ten minutes of mixed use"
      python -m benchmarks.soak --minutes 10 || say "The server missed what it must show." ;;
  esac
  wait "$typing" || { say "Types"; cat "$types"; [ "$failed" != 0 ] || failed=1; }
  rm -f "$types"
  return "$failed"
}

main() {
  local command="${1:-help}"; shift || true
  local size=small rate=20
  case "$command" in
    demo | dev)
      while [ $# -gt 0 ]; do
        case "$1" in
          --size) size="${2:?--size needs tiny, small, medium or large}"; shift 2 ;;
          --rate) rate="${2:?--rate needs a number}"; shift 2 ;;
          --no-stream) rate=0; shift ;;
          *) usage; fail "unknown option $1" ;;
        esac
      done
      up "$([ "$command" = dev ] && echo yes || echo no)" "$size" "$rate" ;;
    test) run_tests "$@" ;;
    install) install "${1:-run}" ;;
    lock) lock ;;
    status) status ;;
    stop) stop_all; say "Stopped." ;;
    help | -h | --help) usage ;;
    *) usage; fail "unknown command $command" ;;
  esac
}

main "$@"
