"""Asks a name server in another process of this program, in every way that calls know. Words: ADDRESS."""
import os
import socket
import sys

address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET

server = socket.socket(family, socket.SOCK_DGRAM)
server.bind((address, 53))
if os.fork() == 0:
    while True:
        question, who = server.recvfrom(4096)
        server.sendto(b"answer to " + question, who)
        if question == b"end":
            os._exit(0)
server.close()

to = (address, 53)
connected = socket.socket(family, socket.SOCK_DGRAM)
connected.connect(to)
connected.send(b"recv")
connected.recv(4096)
connected.send(b"read")
os.read(connected.fileno(), 4096)
os.write(connected.fileno(), b"readv")
os.readv(connected.fileno(), [bytearray(4096)])

other = socket.socket(family, socket.SOCK_DGRAM)
other.sendto(b"recvfrom", to)
other.recvfrom(4096)
other.sendmsg([b"recvmsg"], [], 0, to)
other.recvmsg(4096)
other.sendto(b"long " * 400, to)
other.recvfrom(4096, socket.MSG_PEEK)
other.recvfrom(4096)
other.sendto(b"end", to)
other.recvfrom(4096)

# Nothing of the DNS: another port.
one, two = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
one.bind((address, 0))
two.sendto(b"not for us", one.getsockname()[:2])
one.recvfrom(4096)
os.wait()
