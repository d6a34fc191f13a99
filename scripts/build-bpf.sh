#!/bin/sh
# Compiles bpf/qtap.bpf.c into build/qtap.bpf.o when a source, or this recipe, is newer than the object.
# Type information (BTF) stays in the object; debugging sections go.
set -eu
self=$(readlink -f "$0")
cd "${self%/scripts/*}"
object=build/qtap.bpf.o

current() {
  for source in bpf/*.c bpf/*.h scripts/build-bpf.sh; do
    [ "$object" -nt "$source" ] || return 1
  done
}

! current || exit 0

case $(uname -m) in
  x86_64) arch=x86 ;;
  *) echo "build-bpf: no recipe for $(uname -m)" >&2 && exit 1 ;;
esac

echo 'build-bpf: compiles bpf/qtap.bpf.c' >&2
mkdir -p build
made=$object.$$
trap 'rm -f "$made"' EXIT
clang-16 -target bpf -mcpu=v3 -g -O2 -Wall -Werror "-D__TARGET_ARCH_$arch" \
  "-I/usr/include/$(uname -m)-linux-gnu" -c bpf/qtap.bpf.c -o "$made"
llvm-strip-16 -g "$made"
mv "$made" "$object"
