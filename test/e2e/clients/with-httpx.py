# Several uploads at once over one connection of HTTP/2, by httpx and h2.
# Takes BASE-URL NAME CA-FILE BODY-FILE COUNT; prints what came back, in the order of the numbers.
import asyncio, hashlib, json, ssl, sys
import httpx

base, name, ca, body_file, count = sys.argv[1:]
with open(body_file, "rb") as file:
    body = file.read()


async def ask(client, number):
    url = f"{base}/echo/{name}-{number}?q={number}"
    response = await client.post(url, content=body[number:], headers={"X-Client": name})
    return {
        "protocol": response.http_version,
        "status": response.status_code,
        "sha256": hashlib.sha256(response.content).hexdigest(),
    }


async def main():
    tls = ssl.create_default_context(cafile=ca)
    # The environment may name a proxy.
    async with httpx.AsyncClient(http1=False, http2=True, trust_env=False, verify=tls) as client:
        # The first one alone, so that the others find a connection.
        first = await ask(client, 0)
        others = await asyncio.gather(*(ask(client, number) for number in range(1, int(count))))
    print(json.dumps([first, *others]))


asyncio.run(main())
