# Flask-SocketIO, by itself and behind the edge, and Celery: one image.
FROM python:3.11-slim
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PYTHONUNBUFFERED=1
WORKDIR /app
COPY python-fixtures/requirements.txt python-fixtures/
COPY examples/mixed-fleet/requirements.txt examples/mixed-fleet/
RUN pip install --no-cache-dir --disable-pip-version-check -r examples/mixed-fleet/requirements.txt
COPY python /python
RUN pip install --no-cache-dir --disable-pip-version-check /python
COPY python-fixtures/*.py examples/mixed-fleet/flask_app.py ./
# Celery warns when it runs as root.
RUN useradd --system app
USER app
