"""What a web page of somebody else, another name or another program can do to a running server: nothing."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cyberpunk_ai.health import metrics
from tests.doors.conftest import ROOT, TODAY, free_port, serving

FOREIGN = {"origin": "http://elsewhere.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
BLIND = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}  # an <img> of a foreign page
TOKEN = re.compile(r'"token":"([^"]+)"')


@pytest.fixture(scope="module")
def server(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The API with the pages beside it, as `./deploy.sh demo` runs it."""
    log = tmp_path_factory.mktemp("foreign") / "log"
    with serving(demo_home, log, CYBERPUNK_TODAY=TODAY) as address, httpx.Client(base_url=address, timeout=120) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/status"), ("POST", "/api/v1/data/sync"), ("POST", "/api/v1/retention"), ("GET", "/api/v1/metrics/revenue"),
        ("GET", "/metrics"), ("GET", "/cockpit"), ("GET", "/pages/state"), ("GET", "/docs"), ("GET", "/live"),
        ("GET", "/assets/themes/neon.css"), ("GET", "/nothing"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("headers", [FOREIGN, BLIND], ids=["script", "blind"])
def test_no_route_answers_a_foreign_page(server: httpx.Client, method: str, path: str, headers: dict[str, str]) -> None:
    answer = server.request(method, path, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_origin"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


def test_a_program_and_a_link_are_answered(server: httpx.Client) -> None:
    assert server.get("/api/v1/status").status_code == 200
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert server.get("/cockpit", headers=link).status_code == 200
    assert server.get("/cockpit", headers=link | {"sec-fetch-dest": "iframe"}).status_code == 403


@pytest.mark.parametrize("path", ["/cockpit", "/docs", "/api/v1/status"])
def test_no_page_can_be_framed_or_load_from_elsewhere(server: httpx.Client, path: str) -> None:
    headers = server.get(path).headers
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]


@pytest.mark.parametrize("host", ["rebound.example", "localhost.evil.example", "169.254.169.254"])
def test_no_other_name_is_answered(server: httpx.Client, host: str) -> None:
    for path in ("/api/v1/status", "/cockpit", "/metrics"):
        assert server.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize("path", ["/ws", "/cockpit/ws", "/admin/ws"])
@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "http://127.0.0.1:1"])
def test_no_socket_opens_for_a_foreign_page(server: httpx.Client, path: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(str(server.base_url).replace("http", "ws") + path, origin=origin)  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


STEPS = (("../", "/"), ("..%2f", "%2f"), ("%2e%2e/", "/"), ("%2e%2e%2f", "%2f"), ("..%5c", "%5c"))
UP = [f"{up * 8}etc{slash}passwd" for up, slash in STEPS]
UP += ["%252e%252e%252fetc%252fpasswd", "/etc/passwd", "%2fetc%2fpasswd", "..%00", "%2e%2e"]
ASSETS = ["assets", "assets/themes", "assets/fonts", "assets/widgets"]
FOLDERS = [*ASSETS, "static", "static/extensions/panel", "static-offline-docs", "runs"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_route_leads_out_of_its_folder(server: httpx.Client, folder: str) -> None:
    for path in [*UP, *(f"{each}.css" for each in UP)]:
        status, body = raw_get(server, f"/{folder}/{path}")
        assert (status in (400, 404), b"root:" in body) == (True, False), (folder, path, status)


def raw_get(server: httpx.Client, path: str) -> tuple[int, bytes]:
    """Send a path as it stands; clients that mean well tidy it up."""
    line = HTTPConnection("127.0.0.1", server.base_url.port, timeout=60)
    try:
        line.putrequest("GET", path)
        line.endheaders()
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def test_an_address_cannot_choose_the_session(server: httpx.Client) -> None:
    """A foreign page fixed a session by a blind GET and then entered it; now every visit starts its own."""
    tokens = [TOKEN.search(server.get("/admin", params={"bokeh_session_id": "chosen"}).text) for _ in range(2)]
    assert all(token is not None and "chosen" not in token[1] for token in tokens)
    assert tokens[0][1] != tokens[1][1]  # type: ignore[index]


@pytest.mark.parametrize("token", ["garbage", "unsigned", "tampered"])
def test_a_socket_needs_the_token_of_a_page_that_was_served(server: httpx.Client, token: str) -> None:
    from bokeh.util.token import generate_jwt_token, generate_session_id

    served = TOKEN.search(server.get("/admin").text)
    assert served is not None
    forged = {
        "garbage": "garbage",
        "unsigned": generate_jwt_token(generate_session_id(signed=False), signed=False),
        "tampered": served[1][:-4] + ("AAAA" if served[1][-4:] != "AAAA" else "BBBB"),
    }[token]
    address = str(server.base_url).replace("http", "ws") + "/admin/ws"
    with pytest.raises(WebSocketException):
        connect(address, subprotocols=[Subprotocol("bokeh"), Subprotocol(forged)], origin=str(server.base_url)).recv(timeout=5)  # type: ignore[arg-type]
    with connect(address, subprotocols=[Subprotocol("bokeh"), Subprotocol(served[1])], origin=str(server.base_url)) as line:  # type: ignore[arg-type]
        assert json.loads(line.recv(timeout=60))["msgtype"] == "ACK"


def test_the_port_of_measurements_is_called_by_its_own_name() -> None:
    port = free_port()
    server = metrics.serve("127.0.0.1", port)
    try:
        address = f"http://127.0.0.1:{port}/metrics"
        assert "cyberpunk_health_score" in httpx.get(address).text
        assert httpx.get(address, headers={"host": "rebound.example"}).status_code == 400
        assert httpx.get(address, headers=FOREIGN).status_code == 403
    finally:
        threading.Thread(target=server.shutdown).start()
        server.server_close()


def test_a_port_that_somebody_else_has_is_not_taken_for_ours(tmp_path: Path) -> None:
    script = (ROOT / "deploy.sh").read_text()
    function = script[script.index("must_be_free()") : script.index("wait_for()")]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    around = f'fail() {{ echo "$*" >&2; exit 1; }}; HOST=127.0.0.1; VENV={tmp_path}\n{function}\n'

    def asked(port: int) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-c", f"{around}must_be_free {port} CYBERPUNK_JUPYTER_PORT"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = int(stranger.getsockname()[1])
        taken = asked(port)
    assert taken.returncode == 1
    assert taken.stderr.strip() == f"Port {port} is in use by another program. Stop that, or set CYBERPUNK_JUPYTER_PORT to a free port."
    assert asked(port).returncode == 0
