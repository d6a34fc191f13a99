# Traffic of the trace gap-inside-body: the middle of a body leaves by sendfile, so that its bytes never pass the
# server's memory. Made up, on this host's loopback, client and server in one process.
import os, socket, tempfile, threading

BEGIN, MIDDLE, END = b"begin " * 100, b"middle " * 2_000, b"end " * 100
REQUEST = b"GET /file HTTP/1.1\r\nHost: example.test\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: example.test\r\n\r\n"


def serve(listener):
    connection, _ = listener.accept()
    connection.recv(4096)
    length = len(BEGIN + MIDDLE + END)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + BEGIN)
    with tempfile.TemporaryFile() as file:
        file.write(MIDDLE)
        file.flush()
        os.sendfile(connection.fileno(), file.fileno(), 0, len(MIDDLE))
    connection.sendall(END)
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
    connection.close()


listener = socket.create_server(("127.0.0.1", 0))
server = threading.Thread(target=serve, args=(listener,))
server.start()
client = socket.create_connection(listener.getsockname())
client.sendall(REQUEST)
received = b""
while not received.endswith(END):
    received += client.recv(65536)
client.sendall(NEXT)
while client.recv(65536):
    pass
client.close()
server.join()
