"""As much of MessagePack as Agora's messages need, in the shape of the package `msgpack`: shows need no package."""

import struct

_FIXED = {0xC0: None, 0xC2: False, 0xC3: True}
_UNSIGNED = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
_SIGNED = {0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
# How long the length is that follows.
_BYTES, _TEXT, _ARRAY, _MAP = (
    {0xC4: 1, 0xC5: 2, 0xC6: 4},
    {0xD9: 1, 0xDA: 2, 0xDB: 4},
    {0xDC: 2, 0xDD: 4},
    {0xDE: 2, 0xDF: 4},
)


def packb(value):
    """The bytes of a value."""
    out = bytearray()
    _pack(value, out)
    return bytes(out)


def _pack(value, out):
    if value is None:
        out.append(0xC0)
    elif value is True or value is False:
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _pack_unsigned(value, out)
    elif isinstance(value, str):
        text = value.encode()
        _head(out, len(text), 0xA0, 32, 0xD9)
        out += text
    elif isinstance(value, (bytes, bytearray)):
        _head(out, len(value), 0, 0, 0xC4)
        out += value
    elif isinstance(value, (list, tuple)):
        _head(out, len(value), 0x90, 16, 0xDB)
        for item in value:
            _pack(item, out)
    elif isinstance(value, dict):
        _head(out, len(value), 0x80, 16, 0xDD)
        for key, item in value.items():
            _pack(key, out)
            _pack(item, out)
    else:
        raise TypeError(f"nothing that Agora says: {value!r}")


def _head(out, length, short, fits, byte):
    """A length in its shortest form: in one byte with the kind if it fits, else in one (`byte`, where there is such a
    form) or two."""
    if length < fits:
        out.append(short | length)
    elif length < 0x100 and byte not in (0xDB, 0xDD):
        out += bytes([byte, length])
    else:
        out += bytes([byte + 1]) + struct.pack(">H", length)


def _pack_unsigned(value, out):
    if value < 0x80:
        out += struct.pack(">B", value)
    else:
        code = next(code for code, form in _UNSIGNED.items() if value < 1 << 8 * struct.calcsize(form))
        out += bytes([code]) + struct.pack(_UNSIGNED[code], value)


class Unpacker:
    """Iterates over the values in what it was fed."""

    def __init__(self):
        self.bytes, self.at = b"", 0

    def feed(self, more):
        self.bytes += more

    def __iter__(self):
        while self.at < len(self.bytes):
            yield self.value()

    def _take(self, length):
        piece = self.bytes[self.at : self.at + length]
        if len(piece) < length:
            raise ValueError("a value is cut off")
        self.at += length
        return piece

    def _length(self, size):
        return int.from_bytes(self._take(size), "big")

    def value(self):
        """The next value."""
        code = self._take(1)[0]
        if code < 0x80:
            return code
        if code < 0x90:
            return self._map(code & 0x0F)
        if code < 0xA0:
            return self._array(code & 0x0F)
        if code < 0xC0:
            return self._take(code & 0x1F).decode()
        if code >= 0xE0:
            return code - 0x100
        if code in _FIXED:
            return _FIXED[code]
        if code in _UNSIGNED or code in _SIGNED:
            form = _UNSIGNED.get(code) or _SIGNED[code]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if code in _BYTES:
            return self._take(self._length(_BYTES[code]))
        if code in _TEXT:
            return self._take(self._length(_TEXT[code])).decode()
        if code in _ARRAY:
            return self._array(self._length(_ARRAY[code]))
        if code in _MAP:
            return self._map(self._length(_MAP[code]))
        raise ValueError(f"no MessagePack of Agora's: 0x{code:02x}")

    def _array(self, length):
        return [self.value() for _ in range(length)]

    def _map(self, length):
        return {self.value(): self.value() for _ in range(length)}
