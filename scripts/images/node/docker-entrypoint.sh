#!/bin/sh
# As in the public image: arguments that are not a command are for node.
set -e

case "$1" in
  -*) set -- node "$@" ;;
  *) command -v "$1" >/dev/null || set -- node "$@" ;;
esac

exec "$@"
