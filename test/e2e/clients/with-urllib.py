# A page and an upload by urllib: BASE-URL NAME CA-FILE BODY-FILE. Prints what came back.
import hashlib, json, ssl, sys
from urllib.request import Request, urlopen

base, name, ca, body_file = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)


def ask(path, data=None):
    headers = {"X-Client": name, "Content-Type": "application/octet-stream"}
    with urlopen(Request(base + path, data=data, headers=headers), context=context) as response:
        content = response.read()
        return {
            "status": response.status,
            "headers": {key.lower(): value for key, value in response.headers.items()},
            "sha256": hashlib.sha256(content).hexdigest(),
        }


with open(body_file, "rb") as body:
    data = body.read()
print(json.dumps([ask(f"/page/{name}?q=1"), ask(f"/echo/{name}", data)]))
