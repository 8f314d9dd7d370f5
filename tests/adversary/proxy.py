# SPDX-License-Identifier: Apache-2.0
"""A proxy between an operator and the API server that delivers watches late, each kind by a delay
of its own: the operator's caches are then old, and old by different amounts (skewed).
Usage: proxy.py PORT HOST:PORT CERTIFICATE KEY UPSTREAM-CA KIND=SECONDS...
It passes bytes on as they come; a connection that carries a watch gets them later.

A line of its input, "SECONDS KIND...", holds the watches of these kinds still for so long, of all
kinds when none is named: the connection stays open, nothing comes through, nothing is lost. It
ends with its input."""
import asyncio
import re
import ssl
import sys
import time

REQUEST = re.compile(rb"^(?:GET|POST|PUT|PATCH|DELETE|HEAD) (\S+) HTTP/1")
WATCHED = re.compile(rb"/([a-z]+)\?(?:\S*&)?watch=(?:1|true)")


LOOK_S = 0.05  # how late it is seen that a hold has begun or ended


class Pace:
    """How late each kind's watches are, and until when they stand still."""

    def __init__(self, delays):
        self.delays, self.until, self.all_until = delays, {}, 0.0

    def obey(self, order):
        seconds, *kinds = order.split()
        until = time.monotonic() + float(seconds)
        self.until.update(dict.fromkeys(kinds, until))
        if not kinds:
            self.all_until = until

    def delay(self, kind):
        return self.delays.get(kind, 0.0)

    def still(self, kind):
        return kind and time.monotonic() < max(self.all_until, self.until.get(kind, 0.0))


class Line:
    """One connection of the operator, and the one to the server behind it."""

    def __init__(self, pace):
        self.pace, self.kind = pace, None  # the kind that is watched on it
        self.queue = asyncio.Queue()

    def note(self, data):
        """A request begins with a read of its own: the next is sent after the last's answer."""
        request = REQUEST.match(data)
        if request:
            watch = WATCHED.search(request.group(1))
            self.kind = watch.group(1).decode() if watch else None

    async def up(self, reader, writer):
        while data := await reader.read(65536):
            self.note(data)
            writer.write(data)
            await writer.drain()

    async def down(self, reader):
        while data := await reader.read(65536):
            await self.queue.put((time.monotonic() + self.pace.delay(self.kind), data))

    async def deliver(self, writer):
        while True:
            due, data = await self.queue.get()
            await asyncio.sleep(max(due - time.monotonic(), 0))
            while self.pace.still(self.kind):
                await asyncio.sleep(LOOK_S)
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


async def orders(pace):
    """Until the input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        pace.obey(line.decode())


def front_tls(certificate, key):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    tls.set_alpn_protocols(["http/1.1"])
    return tls


def behind_tls(ca):
    tls = ssl.create_default_context(cafile=ca)
    tls.set_alpn_protocols(["http/1.1"])
    return tls


async def main(port, upstream, certificate, key, ca, *delays):
    host, _, upstream_port = upstream.rpartition(":")
    pace = Pace({kind: float(seconds) for kind, _, seconds in (d.partition("=") for d in delays)})
    front, behind = front_tls(certificate, key), behind_tls(ca)
    server = await asyncio.start_server(
        lambda r, w: serve(Line(pace), (host, int(upstream_port)), behind, r, w),
        "127.0.0.1", int(port), ssl=front)
    async with server:
        await orders(pace)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
