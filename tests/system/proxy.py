"""A TCP proxy whose connections can become silent: no data and no FIN, as behind a failed firewall."""

from __future__ import annotations

import select
import socket
import threading


class Proxy:
    """Forwards 127.0.0.1:`port` to a port of this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: set[socket.socket] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._forward)
        self._thread.start()

    def fall_silent(self) -> int:
        """Stop forwarding on the existing connections; new ones work. Returns the number of silenced ones."""
        silenced = [end for pair in self._pairs for end in pair]
        self._silent.update(silenced)
        return len(silenced) // 2

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        for end in (self._listener, *(end for pair in self._pairs for end in pair)):
            end.close()

    def _forward(self) -> None:
        while not self._ended.is_set():
            peers = {a: b for one, other in self._pairs for a, b in ((one, other), (other, one))}
            watched = [self._listener, *(end for end in peers if end not in self._silent)]
            for end in select.select(watched, [], [], 0.02)[0]:
                if end is self._listener:
                    self._connect()
                elif end.fileno() >= 0:
                    self._pass_on(end, peers[end])

    def _connect(self) -> None:
        client, _ = self._listener.accept()
        try:
            self._pairs.append((client, socket.create_connection(("127.0.0.1", self._target))))
        except ConnectionError:
            client.close()

    def _pass_on(self, end: socket.socket, peer: socket.socket) -> None:
        if end in self._silent:
            return
        try:
            data = end.recv(65536)
            peer.sendall(data)
        except ConnectionError:
            data = b""
        if not data:
            self._pairs = [pair for pair in self._pairs if end not in pair]
            end.close()
            peer.close()
