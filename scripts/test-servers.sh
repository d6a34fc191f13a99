#!/usr/bin/env bash
# Builds the real servers that the stack tests send to, from their Go modules as locked under
# test/stack/servers/, and writes the path of each program to standard output, one a line.
#
#   scripts/test-servers.sh [NAME…]         builds what is not built yet; all when none is named
#   scripts/test-servers.sh --find NAME…    builds nothing: ends with 1 when one is missing
#
# Programs are kept in $QTAP_TEST_SERVERS, or else in the user's cache folder, named after a digest of all
# they are made from, so that clones share them. Says each thing it does in one line on standard error.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
cache=${QTAP_TEST_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/qtap-test-servers}

# What earlier builds make, later ones take over: the largest comes last.
ALL=(collector jaeger loki)
BUILD_FLAGS=(-mod=readonly -trimpath -buildvcs=false)
CACHE_GIB_MAX=9
KEPT_DAYS=30

main() {
  local find=no
  if [ "${1:-}" = --find ]; then find=yes && shift; fi
  local names=("$@")
  [ ${#names[@]} -gt 0 ] || names=("${ALL[@]}")
  GO=$(command -v go || echo /usr/local/go/bin/go)
  [ -x "$GO" ] || fail 'there is no Go here; install Go 1.26.5 or newer'
  local name program missing=()
  for name in "${names[@]}"; do
    [ -f "$root/test/stack/servers/$name/go.mod" ] || fail "there is no server '$name'; there are ${ALL[*]}"
    program=$(program_of "$name")
    [ -x "$program" ] || missing+=("$name")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    [ $find = no ] || fail "not built yet: ${missing[*]} (try: bash scripts/test-servers.sh)"
    build_all "${missing[@]}"
  fi
  for name in "${names[@]}"; do
    program=$(program_of "$name")
    touch "$program"
    echo "$program"
  done
}

say() { echo "test-servers: $*" >&2; }

fail() {
  say "cannot go on: $*"
  exit 1
}

package_of() {
  case $1 in
    collector) echo . ;;
    jaeger) echo github.com/jaegertracing/jaeger/cmd/jaeger ;;
    loki) echo github.com/grafana/loki/v3/cmd/loki ;;
  esac
}

linker_flags_of() {
  case $1 in
    loki) echo '-s -w -X github.com/grafana/loki/v3/pkg/util/build.Version=3.7.8' ;;
    *) echo '-s -w' ;;
  esac
}

# On two cores, with nothing but the network at hand.
usual_minutes_of() {
  case $1 in
    collector) echo 2 ;;
    jaeger) echo 5 ;;
    loki) echo 8 ;;
  esac
}

program_of() {
  local lock=$root/test/stack/servers/$1 digest
  digest=$(
    cd "$lock"
    {
      "$GO" version
      echo "${BUILD_FLAGS[*]} $(package_of "$1") $(linker_flags_of "$1")"
      sha256sum go.mod go.sum $(find . -name '*.go' | sort)
    } | sha256sum
  ) || fail "go version fails in test/stack/servers/$1"
  echo "$cache/$1-${digest:0:16}"
}

# One at a time on this machine, with caches of their own that are gone afterwards.
build_all() {
  local name program started
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock -n 9 || { say 'waits for another run of this script' && flock 9; }
  work=$cache/building
  rm -rf "$work"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  mkdir -p "$work/tmp"
  export GOPATH=$work/go GOMODCACHE=$work/modules GOCACHE=$work/objects GOTMPDIR=$work/tmp
  export GOFLAGS=-modcacherw GOWORK=off CGO_ENABLED=0 GOOS=linux GOARCH=amd64
  local free=$(($(df -Pk "$cache" | awk 'NR == 2 { print $4 }') / 1024 / 1024))
  [ "$free" -ge $CACHE_GIB_MAX ] || say "$cache has $free GiB free; up to $CACHE_GIB_MAX may be needed"
  for name in "$@"; do
    program=$(program_of "$name")
    [ ! -x "$program" ] || continue
    check_go_for "$name"
    started=$SECONDS
    say "builds $name into $program, once; usually $(usual_minutes_of "$name") min on two cores"
    build "$name" "$program.part" || fail "building $name failed (whole output: $cache/$name.log)"
    mv "$program.part" "$program"
    say "built $name in $((SECONDS - started)) s"
  done
  find "$cache" -maxdepth 1 -type f -name '*-*' -mtime +$KEPT_DAYS -delete
  rm -rf "$work"
  exec 9>&-
}

# By the Go that counts there: a newer one may replace what is installed, by GOTOOLCHAIN.
check_go_for() {
  local lock=$root/test/stack/servers/$1 needed found
  needed=$(sed -n 's/^go //p' "$lock/go.mod")
  found=$(cd "$lock" && "$GO" version | sed 's/^go version go\([0-9.]*\).*/\1/')
  [ "$(printf '%s\n' "$needed" "$found" | sort -V | head -n 1)" = "$needed" ] ||
    fail "$1 needs Go $needed or newer, and $GO is $found"
}

build() {
  (
    cd "$root/test/stack/servers/$1"
    # shellcheck disable=SC2046
    "$GO" build "${BUILD_FLAGS[@]}" -ldflags "$(linker_flags_of "$1")" -o "$2" "$(package_of "$1")"
  ) >"$cache/$1.log" 2>&1 9>&- </dev/null && return 0
  tail -n 20 "$cache/$1.log" >&2
  return 1
}

main "$@"
