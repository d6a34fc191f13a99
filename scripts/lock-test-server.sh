#!/usr/bin/env bash
# Locks a server of the stack tests anew, under test/stack/servers/, after its version was changed: that of
# the Collector in its manifest.yaml, that of the others below.
#
#   scripts/lock-test-server.sh collector|jaeger|loki
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
name=${1:?name one of collector, jaeger and loki}
lock=$(pwd)/test/stack/servers/$name
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOFLAGS='-modcacherw -buildvcs=false' GOWORK=off

main() {
  case $name in
    collector) lock_collector ;;
    jaeger) lock_program github.com/jaegertracing/jaeger v1.76.0 github.com/jaegertracing/jaeger/cmd/jaeger ;;
    loki) lock_program github.com/grafana/loki/v3 v3.7.8 github.com/grafana/loki/v3/cmd/loki ;;
    *) echo "lock-test-server: there is no server '$name'" >&2 && exit 1 ;;
  esac
}

# By the Collector's own builder, whose version is that of the Collector.
lock_collector() {
  local version
  version=$(sed -n 's/^  version: //p' "$lock/manifest.yaml")
  GOBIN=$work go install "go.opentelemetry.io/collector/cmd/builder@v$version"
  cp "$lock/manifest.yaml" "$work"
  (cd "$work" && ./builder --config manifest.yaml --skip-compilation)
  cp "$work"/out/{go.mod,go.sum,main.go,main_others.go,components.go} "$lock"
}

# The go command installs no program whose module replaces others, so a module that has the program as its
# tool stands in for it, with the same requirements.
lock_program() {
  local published
  published=$(cd "$work" && go mod download -json "$1@$2" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cd "$work"
  sed -e "s#^module .*#module stack.test/$name#" \
    -e '/^toolchain /d' -e '/^ignore /d' -e '/^replace .*=> \.\//d' "$published/go.mod" >go.mod
  cp "$published/go.sum" go.sum
  chmod u+w go.sum
  go get -tool "$3@$2"
  # What others noted beside their requirements stays with them.
  sed -e '/^[[:space:]]*\/\/ /d' -e 's#// indirect; .*#// indirect#' \
    -e '/\/\/ indirect$/!s# // .*$##' go.mod |
    cat -s >"$lock/go.mod"
  cp go.sum "$lock/go.sum"
}

main
