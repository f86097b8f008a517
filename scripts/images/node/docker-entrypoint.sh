#!/bin/sh
# What the public image does with a command: what is none is for node.
set -e

case "$1" in
  -*) set -- node "$@" ;;
  *) command -v "$1" >/dev/null || set -- node "$@" ;;
esac

exec "$@"
