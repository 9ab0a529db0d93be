#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""vici.py SOCKET: a daemon that answers every command, and loads nothing."""
import os
import socketserver
import struct
import sys


class Session(socketserver.StreamRequestHandler):
    def packet(self):
        head = self.rfile.read(4)
        return self.rfile.read(struct.unpack(">I", head)[0]) if len(head) == 4 else b""

    def send(self, body):
        self.wfile.write(struct.pack(">I", len(body)) + body)

    @staticmethod
    def pair(key, value):
        return (bytes([3, len(key)]) + key.encode() +
                struct.pack(">H", len(value)) + value.encode())

    def handle(self):
        while packet := self.packet():
            kind, name = packet[0], packet[2:2 + packet[1]].decode()
            if kind in (3, 4):			# an event, registered or not any more
                self.send(bytes([5]))
            elif name.startswith("load-"):
                self.send(bytes([1]) + self.pair("success", "no") +
                          self.pair("errmsg", "no room left in " + name[5:]))
            else:
                self.send(bytes([1]) + self.pair("success", "yes"))


class Daemon(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


if os.path.exists(sys.argv[1]):
    os.unlink(sys.argv[1])
Daemon(sys.argv[1], Session).serve_forever()
