"""Listens at each ADDRESS, connects to it once, and then whenever a line comes in. Words: PORT ADDRESS…"""
import socket
import sys

port, *addresses = sys.argv[1:]
servers = [socket.create_server((address, int(port))) for address in addresses]
kept = []


def connect():
    for address, server in zip(addresses, servers):
        client = socket.create_connection((address, int(port)), source_address=(address, 0))
        peer, _ = server.accept()
        kept.append((client, peer))


def talk():
    for client, peer in kept:
        client.send(b"hello")
        peer.recv(100)


connect()
print("ready", flush=True)
for line in sys.stdin:
    connect() if line == "connect\n" else talk()
    print("done", flush=True)
