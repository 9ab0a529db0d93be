# SPDX-License-Identifier: Apache-2.0
"""Stands between a device and the server and keeps what passes.

proxy.py PORT DIR [--lose N]

Forwards POSTs to 127.0.0.1:PORT, writes DIR/1.request, DIR/1.response,
DIR/2.request ... and its own port to DIR/port.  --lose N: the N-th answer is
kept but does not reach the device, whose connection is cut instead.
"""
import http.client
import http.server
import os
import sys
import threading

UPSTREAM = int(sys.argv[1])
DIR = sys.argv[2]
LOSE = int(sys.argv[4]) if len(sys.argv) > 4 else 0
count = 0
lock = threading.Lock()


def keep(name, octets):
    with open(os.path.join(DIR, name), "wb") as f:
        f.write(octets)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            count += 1
            n = count
        keep("%d.request" % n, body)
        c = http.client.HTTPConnection("127.0.0.1", UPSTREAM, timeout=60)
        c.request("POST", self.path, body, {
            "Content-Type": self.headers["Content-Type"]})
        answer = c.getresponse()
        octets = answer.read()
        c.close()
        keep("%d.response" % n, octets)
        if n == LOSE:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(octets)))
        if "Retry-After" in answer.headers:
            self.send_header("Retry-After", answer.headers["Retry-After"])
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
keep("port.new", b"%d\n" % server.server_port)
os.rename(os.path.join(DIR, "port.new"), os.path.join(DIR, "port"))
server.serve_forever()
