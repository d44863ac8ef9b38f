# SPDX-License-Identifier: MIT
# udp_relay.py LISTEN PORT SERVER THERE_MS BACK_MS - carries UDP packets to port 123 of SERVER and
# back, each way with a delay of its own: a path with an asymmetry where the kernel has no netem.
import asyncio
import sys

listen, port, server = sys.argv[1], int(sys.argv[2]), sys.argv[3]
there, back = float(sys.argv[4]) / 1e3, float(sys.argv[5]) / 1e3
loop = asyncio.new_event_loop()


class Far(asyncio.DatagramProtocol):
    """One client's packets at the server's side."""

    def __init__(self, near, client):
        self.near, self.client = near, client

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        loop.call_later(back, self.near.sendto, data, self.client)

    def error_received(self, exc):
        pass


class Near(asyncio.DatagramProtocol):
    def __init__(self):
        self.far = {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        loop.create_task(self.forward(data, addr))

    async def forward(self, data, addr):
        await asyncio.sleep(there)
        if addr not in self.far:
            _, self.far[addr] = await loop.create_datagram_endpoint(
                lambda: Far(self.transport, addr), remote_addr=(server, 123))
        self.far[addr].transport.sendto(data)


loop.run_until_complete(loop.create_datagram_endpoint(Near, local_addr=(listen, port)))
loop.run_forever()
