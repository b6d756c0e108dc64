# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# openssl.sh [short]: digests and ciphers of one file by all algorithms, there and back; keys made, signed with, verified.
cd /tmp || exit 1
set -e
fail() {
    echo "failed: $*"
    exit 1
}
# 100,000 bytes that every machine makes alike: a stream cipher over zeros.
busybox head -c 100000 /dev/zero >zeros
openssl enc -aes-128-ctr -K 000102030405060708090a0b0c0d0e0f -iv 00000000000000000000000000000000 -in zeros -out data
openssl dgst -sha256 data
# FIPS 197, appendix C.1 and C.3; RFC 8439 2.4.2 needs no more than a round trip below.
plain='\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff'
c=$(printf %b "$plain" | openssl enc -aes-128-ecb -nopad -K 000102030405060708090a0b0c0d0e0f | busybox xxd -p)
[ "$c" = 69c4e0d86a7b0430d8cdb78070b4c55a ] || fail "AES-128 gave $c"
c=$(printf %b "$plain" | openssl enc -aes-256-ecb -nopad -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | busybox xxd -p)
[ "$c" = 8ea2b7ca516745bfeafc49904b496089 ] || fail "AES-256 gave $c"
for d in md5 sha1 sha224 sha256 sha384 sha512 sha512-256 sha3-256 sha3-512 shake256 blake2b512 blake2s256 ripemd160 sm3; do
    openssl dgst -$d data
    busybox head -c 12345 data | openssl dgst -$d
done
key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f iv=f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
for c in aes-128-cbc aes-192-cbc aes-256-cbc aes-128-cfb aes-256-ofb aes-256-ctr aes-256-ecb camellia-256-cbc aria-256-cbc chacha20 \
    des-ede3-cbc sm4-cbc sm4-ctr; do
    case $c in
    *-128-* | sm4-*) k=$(echo $key | busybox cut -c1-32) ;;
    *-192-* | des-*) k=$(echo $key | busybox cut -c1-48) ;;
    *) k=$key ;;
    esac
    case $c in
    des-*) i=$(echo $iv | busybox cut -c1-16) ;;
    *-ecb) i= ;;
    *) i=$iv ;;
    esac
    openssl enc -$c -K "$k" ${i:+-iv $i} -in data -out enc
    openssl enc -d -$c -K "$k" ${i:+-iv $i} -in enc -out dec
    busybox cmp data dec || fail "$c there and back"
    echo "$c $(openssl dgst -sha256 -r enc)"
done
openssl mac -digest SHA256 -macopt hexkey:$key -in data HMAC
openssl mac -cipher AES-128-CBC -macopt hexkey:000102030405060708090a0b0c0d0e0f -in data CMAC
openssl mac -macopt hexkey:$key -in data Poly1305
openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:secret -kdfopt salt:salt -kdfopt iter:2000 PBKDF2
# verify KEY OPTION...: signs with KEY and verifies, and a changed file does not verify.
verify() {
    k=$1
    shift
    openssl pkey -in "$k" -pubout -out pub
    openssl pkeyutl -sign -inkey "$k" -rawin "$@" -in small -out sig
    openssl pkeyutl -verify -pubin -inkey pub -rawin "$@" -in small -sigfile sig
    if openssl pkeyutl -verify -pubin -inkey pub -rawin "$@" -in other -sigfile sig >/dev/null 2>&1; then fail "$k verifies another file"; fi
}
busybox head -c 1000 data >small
{ cat small && echo; } >other
[ "$1" != short ] || exit 0
openssl genrsa -out rsa 1024 2>/dev/null
verify rsa -digest sha256
openssl rsa -in rsa -check -noout
for curve in P-256 P-384 secp256k1; do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$curve -out ec
    verify ec -digest sha256
done
openssl genpkey -algorithm ED25519 -out ed
verify ed
for a in a b; do
    openssl genpkey -algorithm X25519 -out x$a
    openssl pkey -in x$a -pubout -out p$a
done
openssl pkeyutl -derive -inkey xa -peerkey pb -out s1
openssl pkeyutl -derive -inkey xb -peerkey pa -out s2
busybox cmp s1 s2 || fail "X25519"
# A fixed key: the same signature everywhere (RFC 8032, 7.1, test 1).
printf '\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20' >ed.der
printf '\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60' >>ed.der
openssl pkey -inform DER -in ed.der -pubout -outform DER | busybox tail -c 32 | busybox xxd -p -c 32
openssl pkey -inform DER -in ed.der -out ed
openssl pkeyutl -sign -inkey ed -rawin -in small | busybox xxd -p -c 64
openssl prime -generate -bits 128 | busybox xargs openssl prime | busybox grep -c "is prime"
