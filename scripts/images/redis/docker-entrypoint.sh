#!/bin/sh
# What the public image does with a command.
set -e

# Options or a file alone are for redis-server.
case "$1" in
  -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "$1" = redis-server ]; then
  # The public image is built without protected mode: other containers would be refused.
  case "$*" in
    *protected-mode* | *" --version" | *" -v" | *" --help" | *" -h") ;;
    *) set -- "$@" --protected-mode no ;;
  esac
  if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec setpriv --reuid redis --regid redis --init-groups "$@"
  fi
fi

exec "$@"
