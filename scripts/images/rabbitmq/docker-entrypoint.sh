#!/bin/sh
# As in the public image.
set -e

# Root starts no program of RabbitMQ itself.
case "$(id -u) $1" in
  "0 rabbitmq"*)
    find /var/lib/rabbitmq ! -user rabbitmq -exec chown rabbitmq {} +
    exec setpriv --reuid rabbitmq --regid rabbitmq --init-groups "$0" "$@"
    ;;
esac

if [ -z "${RABBITMQ_USE_LONGNAME:-}" ] && [ "$(hostname)" != "$(hostname -s)" ]; then
  export RABBITMQ_USE_LONGNAME=true
fi
# Makes Erlang the first process of the container, which gets the signals.
export RUNNING_UNDER_SYSTEMD=true

exec "$@"
