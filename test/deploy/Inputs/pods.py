# SPDX-License-Identifier: Apache-2.0
"""Pods without a cluster: the image's root folder (tools/image-root) in
namespaces of its own, with an address on a bridge, the job's key, the volume,
and the rights that the manifests leave. Needs root."""
import os
import pathlib
import shlex
import signal
import subprocess
import time

USER = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups",
        "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
FILES = pathlib.Path(__file__).resolve().parents[3] / "deploy/image"
# The image with the newest build and files in it, and what the kubelet mounts.
SET_UP = """set -e
mount --bind {image} {root}
for folder in bin lib; do
  mount --bind {work}/installed/$folder {root}/opt/bertc/$folder
done
mount --bind {files}/sshd_config {root}/etc/bertc/sshd_config
mount --bind {files}/ssh_config {root}/etc/ssh/ssh_config.d/bertc.conf
for file in known-host stop-ranks; do
  mount --bind {files}/$file {root}/opt/bertc/libexec/$file
done
mount -t proc proc {root}/proc
mount -t tmpfs -o mode=755 tmpfs {root}/dev
for node in null zero random urandom; do
  touch {root}/dev/$node
  mount --bind /dev/$node {root}/dev/$node
done
mkdir -m 1777 {root}/dev/shm
ln -s /proc/self/fd {root}/dev/fd
mount -t tmpfs -o mode=1777 tmpfs {root}/tmp
mount -t tmpfs tmpfs {root}/run
mount --bind {data} {root}/data
mount --bind {work}/ssh {root}/var/lib/bertc/.ssh
mount --bind {work}/mpi {root}/etc/mpi
mount --bind {work}/hosts {root}/etc/hosts
hostname {name}
exec chroot {root} {command}
"""


def run(*command):
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


class Network:
    """A bridge in a namespace of its own."""

    def __init__(self):
        self.tag = f"bertc-{os.getpid()}"
        self.spaces = []
        self.add(self.tag + "-net")
        run("ip", "-n", self.tag + "-net", "link", "add", "switch", "type",
            "bridge")
        run("ip", "-n", self.tag + "-net", "link", "set", "switch", "up")

    def add(self, space):
        run("ip", "netns", "add", space)
        self.spaces.append(space)

    def join(self, name, address):
        """A namespace for the pod, connected."""
        space = f"{self.tag}-{name}"
        self.add(space)
        run("ip", "link", "add", "eth0", "netns", space, "type", "veth",
            "peer", "name", f"to-{name}"[:15], "netns", self.tag + "-net")
        run("ip", "-n", self.tag + "-net", "link", "set", f"to-{name}"[:15],
            "master", "switch", "up")
        run("ip", "-n", space, "addr", "add", address + "/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            run("ip", "-n", space, "link", "set", link, "up")
        return space

    def close(self):
        for space in reversed(self.spaces):
            subprocess.run(["ip", "netns", "del", space], check=False)


class Pod:
    def __init__(self, name, space, image, work, data):
        self.name, self.space = name, space
        self.image, self.work, self.data = image, work, data
        self.process = None

    def start(self, command, environment, log):
        root = pathlib.Path(self.work) / f"root-{self.name}"
        root.mkdir(exist_ok=True)
        words = USER + ["env", "-i"] + [f"{key}={value}" for key, value in
                                        environment.items()] + command
        script = SET_UP.format(image=self.image, root=root, data=self.data,
                               work=self.work, name=self.name, files=FILES,
                               command=shlex.join(words))
        with open(log, "a", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.space, "unshare", "--mount",
                 "--uts", "--ipc", "--pid", "--fork", "--kill-child", "sh",
                 "-c", script], stdout=out, stderr=subprocess.STDOUT)

    def first(self):
        """The number, outside, of the process that is 1 inside."""
        number = self.process.pid
        path = pathlib.Path(f"/proc/{number}/task/{number}/children")
        while self.process.poll() is None:
            found = path.read_text().split()
            if found:
                return int(found[0])
            time.sleep(0.05)
        raise ProcessLookupError(f"pod {self.name} has ended")

    def execute(self, command):
        """As `kubectl exec`, or a preStop hook."""
        return subprocess.run(
            ["nsenter", "-t", str(self.first()), "-m", "-p", "-n", "-u", "-i",
             "-r", "-w", *USER, *command], capture_output=True, text=True,
            timeout=120, check=False)

    def signal(self, number):
        os.kill(self.first(), number)

    def stop(self):
        if self.process and self.process.poll() is None:
            try:
                self.signal(signal.SIGKILL)
            except OSError:
                self.process.kill()
        if self.process:
            self.process.wait()
