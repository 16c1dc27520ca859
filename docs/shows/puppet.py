"""A bidder for `run` that says what the show tells it to say, when the show tells it: `puppet.py NAME SOCKET`."""

import socket
import sys
import threading

strings = socket.socket(socket.AF_UNIX)
strings.connect(sys.argv[2])
strings.sendall(sys.argv[1].encode() + b"\n")


def say_what_is_told():
    for line in strings.makefile():
        print(line, end="", flush=True)


threading.Thread(target=say_what_is_told, daemon=True).start()
for _ in sys.stdin:
    pass
