#!/bin/sh
# Makes a clone ready: checks the host, installs what is missing, compiles the kernel side.
# Runs before anything is installed, so it needs only a POSIX shell, Debian's apt-get and npm.
#
#   scripts/setup.sh run      what the agent needs, on a host it can run on
#   scripts/setup.sh test     that, and the programs tests use; any host, root only to install
#   scripts/setup.sh e2e      both of the above, programs of Go, and container runtimes
#   scripts/setup.sh kernels  e2e, and what boots other kernels
#   scripts/setup.sh stack    test, and the servers that real stacks are made of
#
# Says each thing it does in one line on standard error; says nothing when there is nothing to do.
set -eu

# Each line: a Debian package, and the file that shows it is there.
RUN_PACKAGES='
clang-16          /usr/bin/clang-16
llvm-16           /usr/bin/llvm-strip-16
libbpf-dev        /usr/include/bpf/bpf_helpers.h
libbpf1           /usr/lib/x86_64-linux-gnu/libbpf.so.1
linux-libc-dev    /usr/include/linux/bpf.h
bpftool           /usr/sbin/bpftool
'
TEST_PACKAGES='
gcc               /usr/bin/gcc
libc6-dev         /usr/include/stdio.h
curl              /usr/bin/curl
wget              /usr/bin/wget
nginx-light       /usr/sbin/nginx
wrk               /usr/bin/wrk
nghttp2-client    /usr/bin/h2load
nghttp2-server    /usr/sbin/nghttpd
nghttp2-proxy     /usr/sbin/nghttpx
openssl           /usr/bin/openssl
tshark            /usr/bin/tshark
python3-requests  /usr/lib/python3/dist-packages/requests/__init__.py
python3-httpx     /usr/lib/python3/dist-packages/httpx/__init__.py
python3-h2        /usr/lib/python3/dist-packages/h2/__init__.py
'
# Only where there is no Go yet, of whatever origin.
GO_PACKAGES='
golang-go         /usr/bin/go
'
# Only where there is no Docker yet: the packages of others and those of Debian do not go together.
DOCKER_PACKAGES='
docker.io         /usr/sbin/dockerd
containerd        /usr/bin/containerd
runc              /usr/sbin/runc
'
# What reads the metrics of the agent in tests.
PROMETHEUS_PACKAGES='
prometheus        /usr/bin/promtool
'
# What runs in containers, and in virtual machines.
BUSYBOX_PACKAGES='
busybox-static    /usr/bin/busybox
'
KERNEL_PACKAGES='
qemu-system-x86   /usr/bin/qemu-system-x86_64
cpio              /usr/bin/cpio
'
KERNEL_MIN_MAJOR=5
KERNEL_MIN_MINOR=10

main() {
  self=$(readlink -f "$0")
  cd "${self%/scripts/*}"
  mode=${1:-run}
  case $mode in
    run) packages=$RUN_PACKAGES ;;
    test) packages=$RUN_PACKAGES$TEST_PACKAGES ;;
    e2e) packages=$RUN_PACKAGES$TEST_PACKAGES$BUSYBOX_PACKAGES$PROMETHEUS_PACKAGES ;;
    kernels) packages=$RUN_PACKAGES$TEST_PACKAGES$BUSYBOX_PACKAGES$PROMETHEUS_PACKAGES$KERNEL_PACKAGES ;;
    stack) packages=$RUN_PACKAGES$TEST_PACKAGES ;;
    *) refuse "unknown mode '$mode': use run, test, e2e, kernels or stack" && exit 1 ;;
  esac
  case $mode in e2e | kernels | stack) go_compiler >/dev/null || packages=$packages$GO_PACKAGES ;; esac
  case $mode in e2e | kernels) command -v dockerd >/dev/null || packages=$packages$DOCKER_PACKAGES ;; esac

  problems=0
  check_machine
  [ "$mode" = test ] || check_host
  missing=$(missing_of "$packages")
  [ -z "$missing" ] || check_installer
  [ "$problems" = 0 ] || exit 1

  mkdir -p build
  [ "$mode" = test ] || mount_filesystems
  if [ -n "$missing" ] || ! node_modules_current; then
    exec 9>build/setup.lock
    flock 9
    install_packages
    node_modules_current || install_node_modules
    exec 9>&-
  fi
  sh scripts/build-bpf.sh
  case $mode in
    e2e | kernels) build_go_programs ;;
    stack) bash scripts/test-servers.sh >/dev/null ;;
  esac
}

say() { echo "setup: $*" >&2; }

refuse() {
  echo "setup: cannot go on: $*" >&2
  problems=$((${problems:-0} + 1))
}

check_machine() {
  system=$(uname -sm)
  [ "$system" = 'Linux x86_64' ] || refuse "this is $system; qtap runs on Linux x86_64"
}

# Whether BPF itself is allowed shows only when the agent loads its programs; it says so then.
check_host() {
  [ "$(id -u)" = 0 ] || refuse 'not root; loading BPF programs needs root (try: sudo npm start)'
  release=$(uname -r)
  major=${release%%.*}
  rest=${release#*.}
  minor=${rest%%[!0-9]*}
  if [ "$((major * 1000 + minor))" -lt "$((KERNEL_MIN_MAJOR * 1000 + KERNEL_MIN_MINOR))" ]; then
    refuse "kernel $release is too old; Linux $KERNEL_MIN_MAJOR.$KERNEL_MIN_MINOR or newer is needed"
  fi
  [ -e /sys/kernel/btf/vmlinux ] ||
    refuse 'no /sys/kernel/btf/vmlinux; a kernel built with CONFIG_DEBUG_INFO_BTF is needed, and /sys mounted'
}

missing_of() {
  echo "$1" | while read -r package shown_by; do
    [ -z "$package" ] || [ -e "$shown_by" ] || printf '%s ' "$package"
  done
}

check_installer() {
  command -v apt-get >/dev/null || refuse "no apt-get here; install what provides: $missing"
  [ "$(id -u)" = 0 ] || refuse "not root; installing needs root: $missing"
}

# Optional: older kernels create uprobes through tracefs. The agent says what it misses.
mount_filesystems() {
  mount_if_missing tracefs /sys/kernel/tracing
  mount_if_missing bpf /sys/fs/bpf
  mount_if_missing debugfs /sys/kernel/debug
}

mount_if_missing() {
  while read -r _ point type _; do
    [ "$point $type" = "$2 $1" ] && return 0
  done </proc/mounts
  if [ -d "$2" ] && mount -t "$1" "$1" "$2" 2>/dev/null; then say "mounted $1 at $2"; fi
}

# Runs a command silently; when it fails, its output is shown.
quietly() {
  "$@" >build/setup.log 2>&1 9>&- </dev/null && return 0
  tail -n 40 build/setup.log >&2
  say "failed: $* (whole output: build/setup.log)"
  return 1
}

install_packages() {
  missing=$(missing_of "$packages")
  [ -n "$missing" ] || return 0
  say "installs $missing"
  keep_daemons_stopped
  # First with the package lists at hand; a bare machine has none or old ones, so failing says nothing yet.
  # shellcheck disable=SC2086
  apt_get install $missing >build/setup.log 2>&1 9>&- </dev/null || {
    quietly apt_get update
    # shellcheck disable=SC2086
    quietly apt_get install $missing
  }
  left=$(missing_of "$packages")
  [ -z "$left" ] || { say "installed, but without the expected files: $left"; exit 1; }
  keep_daemons_disabled
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

# Debian starts a daemon as soon as its package is installed, unless this file says no.
keep_daemons_stopped() {
  [ ! -e /usr/sbin/policy-rc.d ] || return 0
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
}

# Nor shall a daemon that only tests use start with the next boot.
keep_daemons_disabled() {
  for package in $missing; do
    case $package in
      nginx-light) daemon=nginx ;;
      nghttp2-proxy) daemon=nghttpx ;;
      docker.io) daemon=docker ;;
      containerd) daemon=containerd ;;
      prometheus) daemon=prometheus ;;
      *) continue ;;
    esac
    rm -f "/etc/systemd/system/multi-user.target.wants/$daemon.service" \
      "/etc/systemd/system/sockets.target.wants/$daemon.socket"
    [ ! -e "/etc/init.d/$daemon" ] || quietly update-rc.d "$daemon" disable
  done
}

go_compiler() {
  command -v go || { [ -x /usr/local/go/bin/go ] && echo /usr/local/go/bin/go; }
}

build_go_programs() {
  sources=test/e2e/programs/go-grpc
  program=$(pwd)/build/go-grpc
  [ -z "$(find "$sources" -newer "$program" 2>&1)" ] && return 0
  say "builds $program"
  go=$(go_compiler)
  export GOTOOLCHAIN=local
  (cd "$sources" && "$go" build -trimpath -o "$program" .) >build/setup.log 2>&1 </dev/null && return 0
  tail -n 40 build/setup.log >&2
  say "failed: go build in $sources (whole output: build/setup.log)"
  exit 1
}

node_modules_current() {
  [ -x node_modules/.bin/node ] && cmp -s package-lock.json node_modules/.installed-lock.json
}

# npm run names the Node and npm that started it; node_modules/.bin/node must not be used to replace itself.
install_node_modules() {
  say 'installs node_modules (npm ci)'
  set -- ci --no-audit --no-fund --no-update-notifier --loglevel=error
  if [ -n "${npm_node_execpath:-}" ] && [ -n "${npm_execpath:-}" ] && [ -e "$npm_node_execpath" ]; then
    quietly "$npm_node_execpath" "$npm_execpath" "$@"
  else
    quietly npm "$@"
  fi
  cp package-lock.json node_modules/.installed-lock.json
}

main "$@"
