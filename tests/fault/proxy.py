# SPDX-License-Identifier: Apache-2.0
"""Stands between a device and the server, keeps what passes, and spoils it.

proxy.py PORT DIR [N=ACTION]...

Forwards POSTs to 127.0.0.1:PORT, writes DIR/1.request, DIR/1.response,
DIR/2.request ... and its own port to DIR/port.  What happens to message N,
or to N and all after it ("N+=ACTION"):

    drop	it never reaches the server; the device's connection is cut
    spoil	its last octet is another on the way: a signature's
    tear	its second half is lost on the way
    leave	the server gets it, and nobody stays to hear the answer
    lose	the answer is kept but does not reach the device
    garble	the last octet of the answer is another

The first that fits counts; those in DIR/actions, read at each message, come
before these.
"""
import http.client
import http.server
import os
import socket
import sys
import threading

UPSTREAM = int(sys.argv[1])
DIR = sys.argv[2]
count = 0
lock = threading.Lock()


def action_of(n):
    words = []
    try:
        with open(os.path.join(DIR, "actions")) as f:
            words = f.read().split()
    except FileNotFoundError:
        pass
    for word in words + sys.argv[3:]:
        where, action = word.split("=")
        if n == int(where.rstrip("+")) or (
                where.endswith("+") and n > int(where.rstrip("+"))):
            return action
    return "pass"


def keep(name, octets):
    with open(os.path.join(DIR, name), "wb") as f:
        f.write(octets)


def spoilt(octets):
    return octets[:-1] + bytes([octets[-1] ^ 1])


class Handler(http.server.BaseHTTPRequestHandler):
    def ask(self, body):
        c = http.client.HTTPConnection("127.0.0.1", UPSTREAM, timeout=60)
        c.request("POST", self.path, body, {
            "Content-Type": self.headers["Content-Type"]})
        answer = c.getresponse()
        octets = answer.read()
        c.close()
        return answer, octets

    def leave(self, body):
        """Send it whole, and be gone."""
        s = socket.create_connection(("127.0.0.1", UPSTREAM))
        s.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                  b"Content-Length: %d\r\n\r\n" % (
                      self.path.encode(), self.headers["Content-Type"].encode(),
                      len(body)) + body)
        s.close()

    def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            count += 1
            n = count
        action = action_of(n)
        self.close_connection = action in ("drop", "leave", "lose")
        if action == "spoil":
            body = spoilt(body)
        if action == "tear":
            body = body[:len(body) // 2]
        keep("%d.request" % n, body)
        if action == "drop":
            return
        if action == "leave":
            self.leave(body)
            return
        answer, octets = self.ask(body)
        keep("%d.response" % n, octets)
        if action == "lose":
            return
        if action == "garble":
            octets = spoilt(octets)
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
