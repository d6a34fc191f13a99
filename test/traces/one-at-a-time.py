# Server of the trace joined-mid-connection, which has to be there before the recording: PORT.
# Answers every request on one connection with 1 KB.
import socket, sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
connection, _ = listener.accept()
while True:
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        piece = connection.recv(4096)
        if not piece:
            sys.exit()
        request += piece
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + b"x" * 1024)
