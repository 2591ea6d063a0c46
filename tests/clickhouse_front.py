"""ClickHouse's HTTP protocol before a chDB engine: a server for tests where no ClickHouse server can be installed.

The tables, merges, mutations and functions are the real engine's; the HTTP layer, users, profiles and concurrency limits are not. Each
request gets a handle of its own, so that its settings end with it, as on the server. Runs as a process: `clickhouse_front.py PORT FOLDER`.
"""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

NO_SETTINGS = {"query", "database", "query_id", "session_id", "wait_end_of_query", "client_protocol_version", "default_format", "compress"}
DECODERS = {"": bytes, "identity": bytes, "gzip": gzip.decompress, "lz4": lz4.frame.decompress}


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = ""

    def do_GET(self) -> None:
        self._answer(b"Ok.\n", {}) if urlsplit(self.path).path == "/ping" else self.do_POST()

    def do_POST(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self._body()
        try:
            result, format_ = self._run(asked, body)
        except Exception as error:
            text = str(error)
            found = re.search(r"Code: (\d+)", text)
            self._answer(text.encode(), {"X-ClickHouse-Exception-Code": found.group(1) if found else "1000"}, status=500)
        else:
            self._answer(result, {"X-ClickHouse-Format": format_, "X-ClickHouse-Summary": "{}"})

    def log_message(self, *_: object) -> None:
        """Say nothing: tests read the log only when the server does not start."""

    def _run(self, asked: dict[str, str], body: bytes) -> tuple[bytes, str]:
        handle = chdb.connect(self.engine)
        try:
            if database := asked.get("database"):
                handle.query(f"USE `{database}`")
            settings = {
                name: value for name, value in asked.items() if name not in NO_SETTINGS and not name.startswith(("param_", "http_"))
            }
            for name in sorted(settings, key="readonly".__eq__):  # nothing can be set after readonly
                value = settings[name].replace("\\", "\\\\").replace("'", "\\'")
                handle.query(f"SET {name} = '{value}'")
            binds = {name.removeprefix("param_"): value for name, value in asked.items() if name.startswith("param_")}
            whole = asked.get("query", "").encode() + (b"\n" if asked.get("query") else b"") + body
            insert = re.match(rb"\s*INSERT INTO .*? FORMAT (\w+)\s*?\n", whole, re.DOTALL | re.IGNORECASE)
            if not insert:
                found = re.search(rb"FORMAT (\w+)\s*;?\s*$", whole)
                return handle.query(whole.decode(), "TabSeparated", params=binds).bytes() or b"", found.group(
                    1
                ).decode() if found else "TabSeparated"
            with tempfile.NamedTemporaryFile(suffix=".native") as file:
                file.write(whole[insert.end() :])
                file.flush()
                statement = re.sub(r"FORMAT (\w+)\s*$", rf"FROM INFILE '{file.name}' FORMAT \1", insert.group(0).decode().strip())
                handle.query(statement)
            return b"", "TabSeparated"
        finally:
            handle.close()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            raw = b"".join(chunks)
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return DECODERS[self.headers.get("Content-Encoding", "")](raw)

    def _answer(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"X-ClickHouse-Timezone": "UTC", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    Front.engine = str(folder / "engine")
    keeper = chdb.connect(Front.engine)  # the engine lives as long as one handle does
    keeper.query("SELECT 1")
    ThreadingHTTPServer(("127.0.0.1", port), Front).serve_forever()


if __name__ == "__main__":
    main()
