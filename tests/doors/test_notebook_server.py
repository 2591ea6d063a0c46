"""JupyterLab as `deploy.sh` starts it: nobody gets in without the token, and a page of another origin gets nothing done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.doors.conftest import ROOT, answers, environment, free_port
from tests.waiting import PATIENCE_S, until

STARTED = """
install() { :; }; must_be_free() { :; }; wait_for() { :; }; status() { :; }; stop_all() { :; }; alive() { return 1; }
start() {
  local name="$1"; shift
  [ "$name" != jupyter ] || printf '%s\\0' "$JUPYTER_TOKEN" "$@" > "$CYBERPUNK_HOME/started"
  mkdir -p "$RUN"; true & echo $! > "$RUN/$name.pid"
}
"""


def jupyter_as_deploy_starts_it(folder: Path) -> tuple[str, list[str]]:
    """Run `deploy.sh demo` with everything it starts left out; return the token that Jupyter would be given, and its command line."""
    head, main, tail = (ROOT / "deploy.sh").read_text().rpartition('main "$@"')
    (folder / "deploy.sh").write_text(head + STARTED + main + tail)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    home = folder / "home"
    home.mkdir()
    (home / "demo-small.loaded").touch()
    done = subprocess.run(["bash", folder / "deploy.sh", "demo"], env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    token, *command = (home / "started").read_text().rstrip("\0").split("\0")
    assert token not in done.stdout + done.stderr
    return token, command


def test_notebooks_are_started_with_a_token_and_nothing_that_would_open_them(tmp_path: Path) -> None:
    token, command = jupyter_as_deploy_starts_it(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{48}", token)
    kept = tmp_path / "home" / "jupyter-token"
    assert (kept.read_text().strip(), kept.stat().st_mode & 0o777) == (token, 0o600)
    line = " ".join(command)
    assert token not in line, "arguments are public"
    assert "--ip 127.0.0.1" in line
    assert "--ServerApp.port_retries=0" in command
    assert re.findall("token|password|xsrf|allow_origin_pat|allow_unauthenticated|allow_remote|allow_credentials", line) == []
    assert [each for each in command if "allow_origin" in each] == ["--ServerApp.allow_origin="]


@pytest.mark.full
def test_notebooks_answer_nobody_without_the_token_and_no_form_of_another_page(tmp_path: Path) -> None:
    token, command = jupyter_as_deploy_starts_it(tmp_path)
    port = free_port()
    (tmp_path / "notebooks").mkdir()
    command[0], command[command.index("--port") + 1] = sys.executable, str(port)
    mine = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    log, address = tmp_path / "jupyter.log", f"http://127.0.0.1:{port}"
    with log.open("w") as lines:
        known = environment(tmp_path / "home", JUPYTER_TOKEN=token, **mine)
        jupyter = subprocess.Popen(command, env=known, stdout=lines, stderr=lines)
    try:
        ended = lambda: "" if jupyter.poll() is None else log.read_text()  # noqa: E731
        until(lambda: answers(f"{address}/login"), "Jupyter answers", give_up=ended)
        with httpx.Client(base_url=address, timeout=60) as visitor:
            for path in ("/api/contents", "/api/kernels", "/api/sessions", "/api/terminals"):
                assert visitor.get(path).status_code == 403, path
            assert visitor.post("/api/kernels", json={}).status_code == 403
            assert visitor.get("/api/contents", headers={"authorization": "token wrong"}).status_code == 403
            # A person signs in once; what the cookie may do, a form of another page may not.
            assert visitor.get("/lab", params={"token": token}).status_code == 200
            assert visitor.get("/api/contents").status_code == 200
            assert visitor.post("/api/contents", json={"type": "directory"}).status_code == 403
            assert visitor.get("/api/contents", headers={"host": "rebound.example"}).status_code == 403
            signed = visitor.post("/api/contents", json={"type": "directory"}, headers={"x-xsrftoken": visitor.cookies["_xsrf"]})
            assert signed.status_code == 201
    finally:
        jupyter.terminate()
        jupyter.wait(PATIENCE_S)
