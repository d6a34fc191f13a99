# A page and an upload by the library requests: BASE-URL NAME CA-FILE BODY-FILE. Prints what came back.
import hashlib, json, sys
import requests

base, name, ca, body_file = sys.argv[1:]
session = requests.Session()
# The environment may name other certificates, and a proxy.
session.trust_env = False
session.verify = ca


def told(response):
    return {
        "status": response.status_code,
        "headers": {key.lower(): value for key, value in response.headers.items()},
        "sha256": hashlib.sha256(response.content).hexdigest(),
    }


page = session.get(f"{base}/page/{name}?q=1", headers={"X-Client": name})
with open(body_file, "rb") as body:
    echo = session.post(f"{base}/echo/{name}", data=body.read(), headers={"X-Client": name})
print(json.dumps([told(page), told(echo)]))
