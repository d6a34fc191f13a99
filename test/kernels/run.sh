#!/usr/bin/env bash
# Runs exchanges.test.ts on this machine's kernel and on Debian's 5.10, 6.1 and 6.12, booted in QEMU by
# software emulation, so that it works inside virtual machines and containers too.
#
#   test/kernels/run.sh [KERNEL…]   KERNEL: this, 5.10, 6.1 or 6.12; without one, all of them
#
# Prints one line of verdict per kernel; exit status 1 when one of them fails.
# Kernels stay in ${XDG_CACHE_HOME:-$HOME/.cache}/qtap/kernels; all else is made anew and deleted.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/qtap/kernels
KERNEL_S_MAX=200
MEMORY_MB=2048
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
TEST=test/kernels/exchanges.test.ts
# Printed by the guest when all is over, before the test's exit status.
MARK='qtap kernel test ends with'
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

main() {
  [ $# -gt 0 ] || set -- this 5.10 6.1 6.12
  local failed=0 began verdict
  for kernel in "$@"; do
    began=$SECONDS
    echo "== $kernel"
    if check "$kernel"; then verdict=passed; else verdict=FAILED failed=1; fi
    echo "kernel $kernel $verdict after $((SECONDS - began)) s" | tee -a "$WORK/verdicts"
  done
  echo '== verdicts'
  cat "$WORK/verdicts"
  return "$failed"
}

# Called as a condition, where "set -e" is off: each step says itself what its failure means.
check() {
  case $1 in
    this) timeout "$KERNEL_S_MAX" node_modules/.bin/node "$TEST" ;;
    5.10) check_in_guest "$1" bullseye '^linux-image-5\.10\..*-cloud-amd64$' ;;
    6.1) check_in_guest "$1" bookworm '^linux-image-6\.1\..*-cloud-amd64$' ;;
    6.12) check_in_guest "$1" bookworm-backports '^linux-image-6\.12\..*-cloud-amd64$' ;;
    *) echo "unknown kernel $1" >&2 && return 1 ;;
  esac
}

check_in_guest() {
  local version=$1 suite=$2 names=$3
  [ -e "$CACHE/vmlinuz-$version" ] || fetch "$version" "$suite" "$names" || return 1
  [ -e "$WORK/initrd" ] || make_initrd || return 1
  boot "$CACHE/vmlinuz-$version" "$WORK/console"
  [ "$(sed -n "s/^.*$MARK \([0-9]*\).*/\1/p" "$WORK/console" | tail -n 1)" = 0 ]
}

# Takes the newest such kernel of a suite from the mirror this machine uses, with package lists of its own.
fetch() {
  local version=$1 suite=$2 names=$3 lists=$WORK/lists-$1 mirror package
  mirror=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
    grep '/debian/*$' | head -n 1)
  [ -n "$mirror" ] || { echo 'no mirror of Debian in /etc/apt' >&2 && return 1; }
  mkdir -p "$CACHE" "$lists"/{lists,archives}/partial
  # A snapshot of the archive is no less genuine for being old.
  echo "deb [signed-by=$KEYRING check-valid-until=no] $mirror $suite main" >"$lists/sources.list"
  cat >"$lists/apt.conf" <<END
Dir::Etc::sourcelist "$lists/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$lists/lists";
Dir::Cache "$lists";
APT::Sandbox::User "root";
END
  echo "takes kernel $version from $suite"
  APT_CONFIG=$lists/apt.conf apt-get -qq update || return 1
  package=$(APT_CONFIG=$lists/apt.conf apt-cache search --names-only "$names" |
    cut -d ' ' -f 1 | sort -V | tail -n 1)
  [ -n "$package" ] || { echo "no package like $names in $suite" >&2 && return 1; }
  (cd "$lists" && APT_CONFIG=$lists/apt.conf apt-get -qq download "$package") || return 1
  dpkg --fsys-tarfile "$lists"/*.deb | tar -x -C "$lists" --wildcards './boot/vmlinuz-*' || return 1
  mv "$lists"/boot/vmlinuz-* "$CACHE/vmlinuz-$version"
}

# All of the guest's file system: the agent, the programs of the test and what they are linked to.
# Not compressed: emulated processors take longer to unpack it than to read it.
make_initrd() {
  local root=$WORK/root program
  mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},proc,sys,dev,tmp,run,root,etc,var/log/nginx,var/lib/nginx}
  ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
  for program in nginx curl openssl bpftool busybox; do take "$(readlink -f "$(command -v "$program")")"; done
  take "$(ldconfig -p | sed -n 's/^\tlibbpf\.so\.1 .*=> //p' | head -n 1)"
  take "$(openssl version -d | cut -d '"' -f 2)/openssl.cnf"
  for program in $(busybox --list); do
    [ -e "$root/usr/bin/$program" ] || [ -e "$root/usr/sbin/$program" ] ||
      ln -s busybox "$root/usr/bin/$program"
  done
  printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'nobody:x:65534:65534::/:/bin/sh' >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
  write_init "$root/init"
  take_agent "$root/qtap"
  (cd "$root" && find . | cpio --quiet -o -H newc) >"$WORK/initrd"
}

# A file under its own name, and the libraries it is linked to.
take() {
  local file
  for file in "$1" $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
    mkdir -p "$WORK/root$(dirname "$file")"
    cp -nL "$file" "$WORK/root$file"
  done
}

# Of the packages only those that the agent runs with; the launcher finds Node beside them.
take_agent() {
  local to=$1 package
  mkdir -p "$to/node_modules/.bin" "$to/build" "$to/test"
  cp -a bin src package.json "$to"
  cp -a test/kernels "$to/test"
  cp build/qtap.bpf.o "$to/build"
  cp -L node_modules/.bin/node "$to/node_modules/.bin/node"
  take "$(readlink -f node_modules/.bin/node)" && rm "$WORK/root$(readlink -f node_modules/.bin/node)"
  node_modules/.bin/node -p '
    const { packages } = JSON.parse(require("node:fs").readFileSync("package-lock.json"))
    Object.keys(packages).filter((path) => path && !packages[path].dev).join("\n")' |
    while read -r package; do
      # What is made for other machines is not installed.
      [ -d "$package" ] || continue
      mkdir -p "$to/$(dirname "$package")"
      cp -a "$package" "$to/$package"
    done
}

write_init() {
  cat >"$1" <<END
#!/bin/sh
export PATH=/usr/bin:/usr/sbin HOME=/root NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
cd /qtap
node_modules/.bin/node $TEST
echo "$MARK \$?"
poweroff -f
END
  chmod +x "$1"
}

# One processor, and without cmpxchg16b, with which 6.12 allocates memory: QEMU 7.2 now and then crashes the
# kernel there.
boot() {
  local kernel=$1 console=$2
  timeout "$KERNEL_S_MAX" qemu-system-x86_64 -accel tcg,thread=single -cpu max,-cx16 -smp 1 -m "$MEMORY_MB" \
    -display none -serial stdio -nic none -no-reboot -kernel "$kernel" -initrd "$WORK/initrd" \
    -append 'console=ttyS0 panic=-1 quiet' </dev/null 2>&1 | tr -d '\r' | tee "$console" ||
    echo "the machine did not end by itself within $KERNEL_S_MAX s"
}

main "$@"
