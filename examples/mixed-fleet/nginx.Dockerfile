# Copied rather than mounted: the Docker engine may run on another machine than the checkout.
FROM nginx:1-alpine
COPY examples/mixed-fleet/nginx.conf /etc/nginx/conf.d/default.conf
COPY src/server/live-page/base.css src/server/live-page/icon.svg /srv/fleet/
COPY examples/mixed-fleet/page /srv/fleet
