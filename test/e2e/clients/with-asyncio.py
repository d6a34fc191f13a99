# A page and an upload over streams of asyncio, which encrypt in memory: BASE-URL NAME CA-FILE BODY-FILE.
# Prints what came back.
import asyncio, hashlib, json, ssl, sys
from urllib.parse import urlsplit

base, name, ca, body_file = sys.argv[1:]
place = urlsplit(base)


async def ask(reader, writer, method, path, body=b""):
    head = f"{method} {path} HTTP/1.1\r\nHost: {place.netloc}\r\nX-Client: {name}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines[1:])}
    content = await reader.readexactly(int(headers["content-length"]))
    sha256 = hashlib.sha256(content).hexdigest()
    return {"status": int(lines[0].split()[1]), "headers": headers, "sha256": sha256}


async def main():
    context = ssl.create_default_context(cafile=ca)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, ssl=context)
    with open(body_file, "rb") as body:
        data = body.read()
    page = await ask(reader, writer, "GET", f"/page/{name}?q=1")
    echo = await ask(reader, writer, "POST", f"/echo/{name}", data)
    print(json.dumps([page, echo]))
    writer.close()


asyncio.run(main())
