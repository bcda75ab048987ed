"""Writes MaxMind DB files (version 2.0 of the format), from its specification."""

import ipaddress
import struct


def control(kind, size):
    """The bytes before a value: its type, and its size or payload length."""
    assert size < 29 + 256
    extended = bytes([kind - 7]) if kind > 7 else b""
    length = bytes([size - 29]) if size >= 29 else b""
    return bytes([(kind if kind <= 7 else 0) << 5 | min(size, 29)]) + extended + length


def encoded(value):
    if isinstance(value, str):
        text = value.encode()
        return control(2, len(text)) + text
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(encoded(key) + encoded(one) for key, one in value.items())
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encoded, value))
    if isinstance(value, tuple):  # (type, number)
        kind, number = value
        digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
        return control(kind, len(digits)) + digits
    raise TypeError(value)


U16, U32, U64 = 5, 6, 9


def written(networks, version=6, record_bits=24, aliases=False):
    """networks: [(CIDR block, record)], a later one inside an earlier one replaces that part of it. A tree of version 6 has IPv4 at ::/96;
    aliases: ::ffff:0:0/96 and 2002::/16 refer to it as well, as in MaxMind's own files."""
    root, data, offsets = [None, None], b"", {}

    def place(node, bits, record):
        for bit in bits[:-1]:
            if not isinstance(node[bit], list):
                node[bit] = [node[bit], node[bit]]
            node = node[bit]
        node[bits[-1]] = record

    def path(block):
        block = ipaddress.ip_network(block)
        if block.version == 4 and version == 6:
            return [0] * 96 + path_bits(int(block.network_address), 32, block.prefixlen)
        return path_bits(int(block.network_address), block.max_prefixlen, block.prefixlen)

    def path_bits(number, width, count):
        return [number >> (width - 1 - n) & 1 for n in range(count)]

    for block, record in networks:
        key = encoded(record)
        if key not in offsets:
            offsets[key] = len(data)
            data += key
        place(root, path(block), offsets[key])
    if aliases:
        node = root
        for _ in range(96):
            node = node[0]
        for block in ("::ffff:0:0/96", "2002::/16"):
            place(root, path(block), node)

    numbers, order = {}, []

    def walk(node):
        if id(node) in numbers:
            return
        numbers[id(node)] = len(order)
        order.append(node)
        for one in node:
            if isinstance(one, list):
                walk(one)

    walk(root)

    def record_of(one):
        if one is None:
            return len(order)
        return numbers[id(one)] if isinstance(one, list) else len(order) + 16 + one

    tree = b""
    for node in order:
        left, right = map(record_of, node)
        if record_bits == 28:
            tree += struct.pack(">I", left)[1:] + bytes([left >> 24 << 4 | right >> 24]) + struct.pack(">I", right)[1:]
        else:
            tree += left.to_bytes(record_bits // 8, "big") + right.to_bytes(record_bits // 8, "big")
    about = {"node_count": (U32, len(order)), "record_size": (U16, record_bits), "ip_version": (U16, version), "database_type": "Test-Country",
             "languages": ["en"], "binary_format_major_version": (U16, 2), "binary_format_minor_version": (U16, 0),
             "build_epoch": (U64, 1_700_000_000), "description": {"en": "made for a test"}}
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encoded(about)
