"""Hears what services tell systemd (sd_notify(3)) at an abstract or a named socket, and lets their barriers go as systemd does."""
import os
import socket
import sys

address = sys.argv[1]
hearer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
hearer.bind("\0" + address[1:] if address.startswith("@") else address)
print("hearing", flush=True)
while True:
    said, descriptors, _, _ = socket.recv_fds(hearer, 65536, 4)
    for descriptor in descriptors:
        os.close(descriptor)
    print(said.decode(), flush=True)
