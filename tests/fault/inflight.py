# SPDX-License-Identifier: Apache-2.0
"""inflight.py PORT HEALTH-PORT FILE PID N - SIGTERM in the middle of the work.

Opens 2 N connections; sends FILE whole on N of them, and half of it on the
others.  When the server has all that, ends PID, then sends the other halves.
Each of them has to be answered by 200, and a connection that comes later is
not taken.  Prints how many.
"""
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import hostile


def ready(port):
    a = hostile.once(port, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    if a is None or a[0] != 200:
        raise hostile.Wrong("not ready")


def main(argv):
    port, health, pid, n = int(argv[1]), int(argv[2]), int(argv[4]), int(argv[5])
    with open(argv[3], "rb") as f:
        body = f.read()
    whole = hostile.head(len(body)) + body
    half = len(whole) - len(body) // 2
    links = [hostile.Link(port, 60) for _ in range(2 * n)]
    for link in links[n:]:
        link.send(whole[:half])
    # One loop: who is answered on a third connection knows the others are read.
    for _ in range(3):
        ready(health)
    for link in links[:n]:
        link.send(whole)
    ready(health)
    os.kill(pid, signal.SIGTERM)
    for link in links[n:]:
        if not link.send(whole[half:]):
            raise hostile.Wrong("cut with half a request")
    for i, link in enumerate(links):
        answer = link.answer()
        if answer is None:
            raise hostile.Wrong("request %d was not answered" % i)
        hostile.refused(answer)
    try:
        late = hostile.Link(port, 10)
        if late.send(whole) and late.answer() is not None:
            raise hostile.Wrong("a request after the end was answered")
    except OSError:
        pass
    print(len(links))


main(sys.argv)
