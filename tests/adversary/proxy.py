# SPDX-License-Identifier: Apache-2.0
"""A proxy between an operator and the API server that delivers watches late, each kind by a delay
of its own: the operator's caches are then old, and old by different amounts (skewed).
Usage: proxy.py PORT HOST:PORT CERTIFICATE KEY UPSTREAM-CA KIND=SECONDS...
It passes bytes on as they come; a connection that carries a watch gets them later."""
import asyncio
import re
import ssl
import sys
import time

REQUEST = re.compile(rb"^(?:GET|POST|PUT|PATCH|DELETE|HEAD) (\S+) HTTP/1")
WATCHED = re.compile(rb"/([a-z]+)\?(?:\S*&)?watch=(?:1|true)")


class Line:
    """One connection of the operator, and the one to the server behind it."""

    def __init__(self, delays):
        self.delays, self.delay = delays, 0.0
        self.queue = asyncio.Queue()

    def note(self, data):
        """A request begins with a read of its own: the next is sent after the last's answer."""
        request = REQUEST.match(data)
        if request:
            watch = WATCHED.search(request.group(1))
            self.delay = self.delays.get(watch.group(1).decode(), 0.0) if watch else 0.0

    async def up(self, reader, writer):
        while data := await reader.read(65536):
            self.note(data)
            writer.write(data)
            await writer.drain()

    async def down(self, reader):
        while data := await reader.read(65536):
            await self.queue.put((time.monotonic() + self.delay, data))

    async def deliver(self, writer):
        while True:
            due, data = await self.queue.get()
            await asyncio.sleep(max(due - time.monotonic(), 0))
            writer.write(data)
            await writer.drain()


async def serve(line, upstream, tls, reader, writer):
    out = None
    try:
        back, out = await asyncio.open_connection(*upstream, ssl=tls)
        tasks = [asyncio.create_task(work) for work in
                 (line.up(reader, out), line.down(back), line.deliver(writer))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    except OSError:
        pass
    finally:
        writer.close()
        if out:
            out.close()


async def main(port, upstream, certificate, key, ca, *delays):
    host, _, upstream_port = upstream.rpartition(":")
    delays = {kind: float(seconds) for kind, _, seconds in (d.partition("=") for d in delays)}
    front = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    front.load_cert_chain(certificate, key)
    front.set_alpn_protocols(["http/1.1"])
    behind = ssl.create_default_context(cafile=ca)
    behind.set_alpn_protocols(["http/1.1"])
    server = await asyncio.start_server(
        lambda r, w: serve(Line(delays), (host, int(upstream_port)), behind, r, w),
        "127.0.0.1", int(port), ssl=front)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
