# Copied rather than mounted: the Docker engine may run on another machine than the checkout.
FROM nginx:1-alpine
COPY examples/edge/nginx.conf /etc/nginx/conf.d/default.conf
