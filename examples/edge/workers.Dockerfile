# The application under gunicorn, and the package by which the edge calls its handlers.
FROM python:3.11-slim
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PYTHONUNBUFFERED=1
WORKDIR /app
COPY examples/edge/requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt
COPY python /python
RUN pip install --no-cache-dir --disable-pip-version-check /python
COPY examples/edge/app.py ./
RUN useradd --system app
USER app
EXPOSE 8000
# The shell reads the secret, and gunicorn takes its place.
CMD ["sh", "-c", "SOCKETIO_BRIDGE_SECRET=$(cat /run/secrets/bridge) exec gunicorn --bind=0.0.0.0:8000 --workers=2 --threads=8 --no-control-socket 'socketio_bridge:serve(\"app:app\")'"]
