# SPDX-License-Identifier: Apache-2.0
"""What python3 and the C libraries below it compute, each part as one line: its name and a digest of all answers.

Parts check themselves where they can (known answers, round trips, a second implementation); the digest is for the comparison
with another machine.
"""
import array
import binascii
import bz2
import cmath
import ctypes
import datetime
import decimal
import fractions
import hashlib
import hmac
import itertools
import json
import lzma
import math
import mmap
import multiprocessing
import os
import pickle
import random
import re
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import unicodedata
import zlib

HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s",
          "sha512_256", "sm3")


def rng(name):
    return random.Random("programs " + name)


def hashes(say):
    # FIPS 180-4 and FIPS 202, the message "abc".
    assert hashlib.sha256(b"abc").hexdigest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hashlib.sha1(b"abc").hexdigest() == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert hashlib.sha3_256(b"abc").hexdigest() == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"
    assert hashlib.sha512(b"abc").hexdigest()[:32] == "ddaf35a193617abacc417349ae204131"
    data = rng("hashes").randbytes(70000)
    for name in HASHES:
        for size in (0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 4095, 70000):
            digest = hashlib.new(name, data[:size], usedforsecurity=False).hexdigest()
            say(name, size, digest)
    # Python's own C code beside OpenSSL's assembly.
    import _md5
    import _sha1
    import _sha256
    import _sha512
    import _sha3
    for own, name in ((_md5.md5, "md5"), (_sha1.sha1, "sha1"), (_sha256.sha256, "sha256"), (_sha512.sha512, "sha512"),
                      (_sha3.sha3_256, "sha3_256"), (_sha3.sha3_512, "sha3_512")):
        for size in (0, 63, 64, 1000, 70000):
            assert own(data[:size]).digest() == hashlib.new(name, data[:size]).digest(), (name, size)
    say(hmac.new(b"key", data, "sha256").hexdigest(), hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 500).hex())
    say(hashlib.scrypt(b"password", salt=b"NaCl", n=256, r=8, p=2).hex())


def mathematics(say):
    r = rng("math")
    one = [n for n in dir(math) if n not in ("gcd", "lcm", "prod", "fsum", "factorial", "isqrt", "perm", "comb", "dist", "hypot", "nextafter",
                                             "ulp", "pow", "atan2", "fmod", "remainder", "copysign", "ldexp", "log", "isclose")
           and callable(getattr(math, n))]
    values = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-310, 5e-324, 1e308, math.inf, -math.inf, math.pi]
    values += [r.uniform(-4, 4) for _ in range(300)] + [r.uniform(-1e6, 1e6) for _ in range(100)]
    values += [struct.unpack("<d", r.randbytes(8))[0] for _ in range(300)]
    values = [v for v in values if v == v]
    for name in one:
        for v in values:
            try:
                say(name, repr(getattr(math, name)(v)) if name not in ("ceil", "floor", "trunc") or abs(v) < 1e30 else 0)
            except (ValueError, OverflowError, TypeError) as e:
                say(name, type(e).__name__)
    for a, b in zip(values, reversed(values)):
        for f in (math.atan2, math.copysign, math.hypot, math.nextafter, math.pow, math.fmod, math.remainder):
            try:
                say(f.__name__, repr(f(a, b)))
            except (ValueError, OverflowError) as e:
                say(f.__name__, type(e).__name__)
    for name in ("exp", "log", "sqrt", "sin", "cosh", "atan", "asinh"):
        for a, b in itertools.product(values[:40], repeat=2):
            try:
                say(name, repr(getattr(cmath, name)(complex(a, b))))
            except (ValueError, OverflowError) as e:
                say(name, type(e).__name__)
    say(math.fsum([0.1] * 10) == 1.0, math.factorial(300), math.isqrt(10 ** 200), math.comb(400, 123))


def floats(say):
    r = rng("floats")
    for _ in range(6000):
        v = struct.unpack("<d", r.randbytes(8))[0]
        if v == v:
            text = repr(v)
            assert struct.pack("<d", float(text)) == struct.pack("<d", v), text
            assert float.fromhex(v.hex()) == v
            say(text, "%.3e" % v, "%.17g" % v)
    for _ in range(2000):
        v = struct.unpack("<f", r.randbytes(4))[0]
        if v == v:
            assert struct.unpack("<f", struct.pack("<f", v))[0] == v
            try:
                say(struct.pack("<e", v).hex())
            except OverflowError:
                say("overflow")
    for _ in range(2000):
        text = "%d.%de%d" % (r.randrange(10), r.randrange(10 ** r.randrange(1, 40)), r.randrange(-330, 310))
        say(text, repr(float(text)))
        a, b = r.uniform(-1e9, 1e9), r.uniform(-10, 10)
        say(repr(a % b), repr(a // b), repr(round(a, 3)), repr(a ** 2.5 if a > 0 else -a), float(int(a)) == math.trunc(a))


def integers(say):
    r = rng("integers")
    for bits in (30, 60, 64, 127, 500, 2000, 9000):
        for _ in range(30):
            a, b = r.getrandbits(bits), r.getrandbits(bits // 2 + 1) + 1
            q, m = divmod(a, b)
            assert q * b + m == a and 0 <= m < b
            assert int(str(a)) == a and int(hex(a), 16) == a
            assert (a ^ b) ^ b == a and (a | b) + (a & b) == a + b and a << 77 >> 77 == a
            say(q, m, a * b, math.gcd(a, b), a.bit_count())
    p = 2 ** 521 - 1
    for _ in range(10):
        a = r.getrandbits(520) + 1
        assert pow(a, p - 1, p) == 1 and pow(a, -1, p) * a % p == 1
    say(3 ** 5000 % 10 ** 40, pow(7, 10 ** 50, 10 ** 30))


def decimals(say):
    r = rng("decimals")
    for prec in (9, 28, 300):
        with decimal.localcontext() as context:
            context.prec = prec
            for _ in range(120):
                a, b = (decimal.Decimal(r.randrange(-10 ** 40, 10 ** 40)).scaleb(r.randrange(-50, 50)) for _ in range(2))
                say(a + b, a * b, a / b if b else 0, abs(a).sqrt(), a.quantize(decimal.Decimal(1)) if abs(a) < 10 ** (prec - 2) else 0)
            say(decimal.Decimal(2).ln(), decimal.Decimal(3).exp(), decimal.Decimal("1.1") ** 500)
    f = sum(fractions.Fraction(1, n) for n in range(1, 200))
    say(f, repr(float(f)))


def texts(say):
    r = rng("texts")
    words = ["".join(r.choices("abcdeéßΩ漢🙂 -_0123", k=r.randrange(1, 12))) for _ in range(3000)]
    text = " ".join(words)
    assert text.encode().decode() == text and text.encode("utf-16").decode("utf-16") == text
    say(hashlib.sha256("".join(sorted(words)).encode()).hexdigest(), text.count("ab"), text.upper().lower() == text.lower())
    for pattern in (r"(\w+)-(\d+)", r"[aeiou]{2,}", r"(?<=a)b+(?!c)", r"(a|b|cd)*e", r"\b\w{3}\b", r"(.)\1"):
        say(pattern, len(re.findall(pattern, text)), re.sub(pattern, "<>", text)[:200])
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        say(form, zlib.crc32("".join(unicodedata.normalize(form, chr(c)) for c in range(0xa0, 0x3000)).encode()))
    say(sum(ord(c) * i for i, c in enumerate(text)) % 1000003)


def bytes_and_packing(say):
    r = rng("bytes")
    data = bytes(r.choices(b"abcdefgh \n", k=60000)) + r.randbytes(20000)
    for codec in (zlib, bz2, lzma):
        packed = codec.compress(data)
        assert codec.decompress(packed) == data, codec.__name__
        say(codec.__name__, len(packed), hashlib.md5(packed).hexdigest())
    say(zlib.crc32(data), zlib.adler32(data), binascii.crc_hqx(data, 0))
    assert zlib.crc32(b"123456789") == 0xcbf43926
    assert binascii.a2b_base64(binascii.b2a_base64(data)) == data and bytes.fromhex(data.hex()) == data
    value = {"a": [1, 2.5, None, True, "x\u1234\U0001f642"], "b": {str(i): [i, i / 7, -i] for i in range(800)}}
    assert json.loads(json.dumps(value)) == value
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value
    say(hashlib.md5(json.dumps(value, indent=1, sort_keys=True).encode()).hexdigest())
    for order in "<>":
        for kinds in ("bhiq", "BHIQ", "efd", "?cxs"):
            values = {"b": -5, "h": -30000, "i": -2 ** 31, "q": 2 ** 62, "B": 255, "H": 65535, "I": 2 ** 32 - 1, "Q": 2 ** 64 - 1,
                      "e": 1.5, "f": 3.25, "d": math.pi, "?": True, "c": b"z", "s": b"y"}
            fields = [values[k] for k in kinds if k != "x"]
            packed = struct.pack(order + kinds, *fields)
            assert list(struct.unpack(order + kinds, packed)) == fields
            say(packed.hex())
    a = array.array("d", (r.random() for _ in range(5000)))
    a.byteswap()
    a.byteswap()
    say(repr(sum(a)), bytes(memoryview(a).cast("B")[::-17]).hex()[:64])


def randoms(say):
    assert random.Random(5489).getrandbits(32) == random.Random(5489).getrandbits(32)
    r = rng("random")
    values = [r.gauss(0, 1) for _ in range(3000)] + [r.expovariate(2) for _ in range(2000)] + [r.betavariate(2, 3) for _ in range(500)]
    say(repr(sum(values)), hashlib.md5(repr(values).encode()).hexdigest())
    deck = list(range(5000))
    r.shuffle(deck)
    say(hashlib.md5(repr(deck).encode()).hexdigest())
    assert sorted(deck) == list(range(5000))


def dates(say):
    day = datetime.datetime(1970, 1, 1)
    for i in range(3000):
        moment = day + datetime.timedelta(days=i * 7, seconds=i * 12345, microseconds=i)
        text = moment.isoformat()
        assert datetime.datetime.fromisoformat(text) == moment
        say(text, moment.isocalendar()[1], moment.strftime("%a %j"))


def databases(say):
    r = rng("database")
    db = sqlite3.connect(":memory:")
    db.execute("create table t (k integer primary key, a real, b text, c blob)")
    db.executemany("insert into t values (?, ?, ?, ?)", [(i, r.uniform(-1, 1), "%x" % r.getrandbits(40), r.randbytes(20)) for i in range(4000)])
    db.execute("create index ta on t (a)")
    for query in ("select count(*), sum(a), min(b), max(hex(c)) from t", "select substr(b, 1, 1), avg(a) from t group by 1 order by 1",
                  "select k from t where a between 0.25 and 0.26 order by a", "select a.k + b.k from t a join t b on b.k = a.k * 3 where a.k % 97 = 0"):
        say(repr(db.execute(query).fetchall()))
    assert db.execute("pragma integrity_check").fetchall() == [("ok",)]


def work(n):
    return sum(i * i for i in range(n)) % 1000003


def processes(say):
    # The C library through ctypes, with doubles and a callback.
    libc = ctypes.CDLL("libc.so.6")
    numbers = (ctypes.c_int * 500)(*(rng("qsort").sample(range(10000), 500)))
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))(lambda a, b: a[0] - b[0])
    libc.qsort(numbers, 500, 4, compare)
    assert list(numbers) == sorted(numbers)
    libm = ctypes.CDLL("libm.so.6")
    libm.fma.restype = libm.pow.restype = ctypes.c_double
    libm.fma.argtypes = [ctypes.c_double] * 3
    say(repr(libm.fma(0.1, 10.0, -1.0)))
    total, lock = [0], threading.Lock()

    def add():
        for _ in range(2000):
            with lock:
                total[0] += 1
    threads = [threading.Thread(target=add) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert total[0] == 8000
    with multiprocessing.Pool(2) as pool:
        say(pool.map(work, range(1000, 20000, 1000)))
    a, b = socket.socketpair()
    data = rng("socket").randbytes(300000)
    sender = threading.Thread(target=lambda: (a.sendall(data), a.close()))
    sender.start()
    got = b"".join(iter(lambda: b.recv(65536), b""))
    sender.join()
    assert got == data
    with open("/tmp/mapped", "w+b") as f:
        f.truncate(1 << 20)
        with mmap.mmap(f.fileno(), 1 << 20) as m:
            m[12345:12345 + len(data)] = data
            m.flush()
        f.seek(12345)
        assert f.read(len(data)) == data
    out = subprocess.run(["/bin/busybox", "sha256sum", "/tmp/mapped"], check=True, stdout=subprocess.PIPE).stdout.decode()
    with open("/tmp/mapped", "rb") as f:
        assert out.split()[0] == hashlib.sha256(f.read()).hexdigest()
    os.remove("/tmp/mapped")
    say(out)


PARTS = (hashes, mathematics, floats, integers, decimals, texts, bytes_and_packing, randoms, dates, databases, processes)


def main():
    chosen = sys.argv[1:] or [p.__name__ for p in PARTS]
    for part in PARTS:
        if part.__name__ in chosen:
            digest = hashlib.blake2b(digest_size=12)
            count = [0]

            def say(*values):
                count[0] += 1
                digest.update(repr(values).encode() + b"\n")
            part(say)
            print(part.__name__, count[0], digest.hexdigest(), flush=True)


if __name__ == "__main__":
    main()
