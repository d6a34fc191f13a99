"""Connects when a line comes, sends what the second word says, if anything, and ends with its input."""
import socket
import sys

port, *words = sys.argv[1:]
for _ in sys.stdin:
    connection = socket.create_connection(("127.0.0.1", int(port)))
    for word in words:
        connection.send(word.encode())
    print("connected", flush=True)
