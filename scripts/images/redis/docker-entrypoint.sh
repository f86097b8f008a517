#!/bin/sh
# As in the public image.
set -e

# Arguments that are not a command are for redis-server.
case "$1" in
  -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "$1" = redis-server ]; then
  # The public image has no protected mode, which would reject other containers.
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
