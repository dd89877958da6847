# SPDX-License-Identifier: Apache-2.0
"""Hosts made of network namespaces, with host names of their own, on a bridge or
on a slow link, and mpirun between them. Each also has an interface that leads
nowhere and has the same address on all, as hosts with containers have.
Needs root and ip.

usage: hosts.py probe         0 when such hosts can be made
       hosts.py probe slow    the same, on a slow link
       hosts.py relay RATE DELAY SPACE=ADDRESS...
                              the slow link (see SlowLink)"""
import ctypes
import fcntl
import heapq
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import time

NETWORK = "10.77.13."
TAG = f"bertc-{os.getpid()}"
# mpirun finds out that a host has gone by its silence of 2 + 2 * 4 seconds. It
# must, before it has anything to send there: then only the end of TCP's patience
# would tell it, after a quarter of an hour. The ranks say what they know then.
LIMIT = 30
KEEPALIVE = ["--mca", "oob_tcp_keepalive_time", "2",
             "--mca", "oob_tcp_keepalive_intvl", "2",
             "--mca", "oob_tcp_keepalive_probes", "4"]

# Refused is reached: nobody listens there.
REACH = """import socket, sys, time
for address in sys.argv[1:]:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection((address, 9), 0.5)
        except ConnectionRefusedError:
            break
        except OSError:
            if time.monotonic() > end: raise
            time.sleep(0.05)"""


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


class Hosts:
    """`with Hosts(3) as hosts:`; named a, b, c, ..., mpirun is on the first."""

    def __init__(self, count):
        self.names = [chr(ord("a") + i) for i in range(count)]
        self.addresses = [f"{NETWORK}{i + 1}" for i in range(count)]
        self.made = []

    def space(self, name):
        return f"{TAG}-{name}"

    def __enter__(self):
        try:
            for name in self.names:
                self.add(name)
                ip("-n", self.space(name), "link", "add", "docker0", "type",
                   "veth", "peer", "name", "nowhere")
                ip("-n", self.space(name), "addr", "add", "172.17.0.1/16",
                   "dev", "docker0")
                for link in ("lo", "docker0", "nowhere"):
                    ip("-n", self.space(name), "link", "set", link, "up")
            self.connect()
            self.await_links()
        except BaseException:
            self.__exit__()
            raise
        return self

    def add(self, name):
        ip("netns", "add", self.space(name))
        self.made.append(name)

    def connect(self):
        self.add("net")
        net = self.space("net")
        ip("-n", net, "link", "add", "switch", "type", "bridge")
        ip("-n", net, "link", "set", "switch", "up")
        for name, address in zip(self.names, self.addresses):
            host = self.space(name)
            ip("link", "add", "eth0", "netns", host, "type", "veth", "peer",
               "name", f"to-{name}", "netns", net)
            ip("-n", net, "link", "set", f"to-{name}", "master", "switch", "up")
            ip("-n", host, "addr", "add", address + "/24", "dev", "eth0")
            ip("-n", host, "link", "set", "eth0", "up")

    def __exit__(self, *_):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", self.space(name)],
                           capture_output=True, check=False)

    def cut(self, name):
        ip("-n", self.space("net"), "link", "set", f"to-{name}", "down")

    def mend(self, name):
        ip("-n", self.space("net"), "link", "set", f"to-{name}", "up")
        self.await_links()

    def await_links(self):
        """Links take a moment to come up."""
        subprocess.run(self.enter(self.names[0], sys.executable, "-c", REACH,
                                  *self.addresses[1:]), check=True)

    def enter(self, name, *command):
        return ["ip", "netns", "exec", self.space(name), "unshare", "--uts",
                "sh", "-c", 'hostname "$0"; exec "$@"', name, *command]

    def processes(self):
        """Of all hosts."""
        found = []
        for name in self.names:
            found += subprocess.run(
                ["ip", "netns", "pids", self.space(name)], capture_output=True,
                text=True, check=True).stdout.split()
        return found

    def agent(self, work):
        """What mpirun calls in the place of ssh: HOST COMMAND..."""
        path = work / "agent.sh"
        cases = "\n".join(f"  {address}) name={name} ;;" for name, address in
                          zip(self.names, self.addresses))
        path.write_text(
            f'#!/bin/sh\nhost=$1\nshift\ncase $host in\n{cases}\nesac\n'
            f'exec ip netns exec {TAG}-$name unshare --uts '
            'sh -c "hostname $name; $*"\n', encoding="utf-8")
        path.chmod(0o755)
        return path

    def mpirun(self, work, ranks, *command, leave=1):
        """The command that runs `ranks` on each host, and leaves them `leave`
        seconds when it has to end them."""
        slots = ",".join(f"{address}:{ranks}" for address in self.addresses)
        return self.enter(
            self.names[0], "mpirun", "--oversubscribe", "--mca",
            "plm_rsh_agent", str(self.agent(work)), *KEEPALIVE,
            "--mca", "odls_base_sigkill_timeout", str(leave),
            "--mca", "oob_tcp_if_include", NETWORK + "0/24",
            "--mca", "btl_tcp_if_include", NETWORK + "0/24",
            "--host", slots, "-np", str(ranks * len(self.names)), *command)


class SlowLink(Hosts):
    """Hosts whose packets go through a program that sends on no more than
    `rate` bit/s of each host, and `delay` seconds later; for kernels without
    netem, too."""

    def __init__(self, count, rate, delay):
        super().__init__(count)
        self.rate, self.delay = rate, delay
        self.relay = None

    def connect(self):
        ends = [f"{self.space(name)}={address}" for name, address in
                zip(self.names, self.addresses)]
        self.relay = subprocess.Popen(
            [sys.executable, __file__, "relay", str(self.rate),
             str(self.delay), *ends], stdout=subprocess.PIPE)
        assert self.relay.stdout.readline() == b"ready\n", "no relay"

    def __exit__(self, *_):
        if self.relay:
            self.relay.kill()
            self.relay.wait()
        super().__exit__()


def open_end(space, address):
    """An interface of the host whose packets are read and written here."""
    clone_newnet, set_interface, tun, no_header = 0x40000000, 0x400454CA, 1, 0x1000
    library = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{space}", encoding="utf-8") as there:
        if library.setns(there.fileno(), clone_newnet) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, set_interface,
                struct.pack("16sH22x", b"eth0", tun | no_header))
    ip("-n", space, "addr", "add", address + "/24", "dev", "eth0")
    ip("-n", space, "link", "set", "eth0", "mtu", "9000", "up")
    return descriptor


def relay(rate, delay, ends):
    """As a wire with a queue of a tenth of a second at each host."""
    by_address = {}
    for end in ends:
        space, address = end.split("=")
        by_address[socket.inet_aton(address)] = open_end(space, address)
    print("ready", flush=True)
    sent = dict.fromkeys(by_address.values(), 0.0)
    under_way, count = [], 0
    while True:
        now = time.monotonic()
        while under_way and under_way[0][0] <= now:
            _, _, to, packet = heapq.heappop(under_way)
            try:
                os.write(to, packet)
            except BlockingIOError:
                pass  # full: lost, as on a wire
        wait = max(0, under_way[0][0] - now) if under_way else None
        for source in select.select(list(sent), [], [], wait)[0]:
            packet = os.read(source, 65536)
            to = by_address.get(packet[16:20])
            if packet[0] >> 4 != 4 or to is None:
                continue
            start = max(time.monotonic(), sent[source])
            if start - time.monotonic() > 0.1:
                continue
            sent[source] = start + len(packet) * 8 / rate
            count += 1
            heapq.heappush(under_way,
                           (sent[source] + delay, count, to, packet))


def main():
    if sys.argv[1] == "relay":
        relay(float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
        return
    kind = SlowLink(2, 1e8, 0) if sys.argv[2:] == ["slow"] else Hosts(2)
    with kind as hosts:
        subprocess.run(hosts.enter("b", "true"), check=True)


if __name__ == "__main__":
    main()
