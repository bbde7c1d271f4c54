"""A collector of traces for tests: HTTPS on loopback, one line of JSON on standard output for everything that is posted.
GET answers as the /health of a server does.

Argument: JSON with cert and key (PEM files)
"""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

options = json.loads(sys.argv[1])


def tell(**event):
    print(json.dumps(event), flush=True)


class Handler(BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        length = len(self.rfile.read(int(self.headers["Content-Length"])))
        tell(event="posted", path=self.path, length=length)
        self.answer(b"")

    def do_GET(self):
        tell(event="asked", path=self.path)
        self.answer(b'{"status":"healthy","checks":{"database":"ok","redis":"ok"}}')

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(options["cert"], options["key"])
server = HTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
tell(event="listening", port=server.server_address[1])
server.serve_forever()
